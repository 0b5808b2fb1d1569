import { setTimeout as wait } from 'node:timers/promises'
import { inPages, lowestUuid } from '../store/pages.ts'
import { lockInstallation, updateInstallation } from '../store/rows/installation-row.ts'
import {
  countByRootKey,
  findImportKeysToRewrap,
  findMaterialToRewrap,
  findNextMaterialToRewrap,
  type Rewrapped,
  type RootKeyUse,
  replaceImportKeys,
  replaceMaterial,
  replaceNextMaterial,
  type StoredBytes,
  type WrappedImportKeyRow,
  type WrappedMaterialRow,
  type WrappedPage,
} from '../store/rows/wrapped-rows.ts'
import type { Queryable } from '../store/sql.ts'
import type { Store } from '../store/store.ts'
import { importKeyData, materialData, rewrap } from './envelope.ts'
import { rewrapInstallationSecret } from './installation.ts'
import { RootKeyError, type RootKeyProvider, WrappedBytesError } from './root-key-provider.ts'

/** Parts of a rotation. */
export interface RotationParts {
  readonly store: Store
  readonly rootKeys: RootKeyProvider
}

/** Progress of a rotation. */
export interface RotationProgress {
  readonly rewrapped: number
  /** Number of rows that their root key does not unwrap. */
  readonly unopened: number
}

/** Called for each row that its root key does not unwrap. */
export type OnUnopened = (what: 'key material' | 'import parameters', id: string) => void

const batchSize = 200
/** Pause after a round in which others had locked all that is left. */
const roundPauseMs = 100

/**
 * Puts the newest root key to use, all in one transaction: from its end on nothing is stored under another one, by no
 * server, since each reads in the transaction that stores material which root key is in use. Where the newest is in use
 * already, nothing is left to rewrap and no other root key is held, a new one is added first.
 *
 * @param record puts on record what happens, in the transaction
 * @throws RootKeyError, before anything was touched, if not everything stored can be opened, or no root key is to be
 *   had to rotate to
 */
export async function startRotation(
  { store, rootKeys }: RotationParts,
  record: (tx: Queryable, from: string, to: string) => Promise<void>,
): Promise<string> {
  const to = await store.transaction(async (tx) => {
    const row = await lockInstallation(tx)
    await rootKeys.reload()
    const uses = await countByRootKey(tx)
    await requireKnown(rootKeys, uses)
    if (isFinished(rootKeys, row.rootKeyId, uses)) await addRootKey(rootKeys)
    const target = newestOf(rootKeys)
    if (target !== row.rootKeyId) {
      const from = { rootKeyId: row.rootKeyId, wrapped: row.wrappedSecret }
      const { rootKeyId, wrapped } = await rewrapInstallationSecret(rootKeys, from, target)
      await updateInstallation(tx, { rootKeyId, wrappedSecret: wrapped })
    }
    await record(tx, row.rootKeyId, target)
    return target
  })
  await rootKeys.use(to)
  return to
}

/**
 * Adds a root key that the next rotation will lead to; one that was added and not put to use yet is it.
 *
 * @returns the root key's ID
 */
export async function addPendingRootKey({ store, rootKeys }: RotationParts): Promise<string> {
  return store.transaction(async (tx) => {
    const row = await lockInstallation(tx)
    await rootKeys.reload()
    rootKeys.adoptNames([row.rootKeyId])
    if (newestOf(rootKeys) === row.rootKeyId) await addRootKey(rootKeys)
    return newestOf(rootKeys)
  })
}

/** Removes root keys that no longer wrap anything. Returns their IDs. */
export async function retireRootKeys(
  { store, rootKeys }: RotationParts,
  record: (tx: Queryable, rootKeyId: string) => Promise<void>,
): Promise<readonly string[]> {
  return store.transaction(async (tx) => {
    const row = await lockInstallation(tx)
    await rootKeys.reload()
    const inUse = (await countByRootKey(tx)).map(({ rootKeyId }) => rootKeyId)
    rootKeys.adoptNames(inUse)
    const newest = newestOf(rootKeys)
    if (newest !== row.rootKeyId)
      throw new RootKeyError(`a rotation to root key ${newest} has yet to take place`)
    const unused = rootKeys.rootKeyIds.filter((id) => !inUse.includes(id))
    if (unused.length === 0) return unused
    if (rootKeys.remove === null) throw new RootKeyError(rootKeys.advice.remove)
    for (const rootKeyId of unused) await record(tx, rootKeyId)
    await rootKeys.remove(unused)
    return unused
  })
}

/**
 * Rewraps everything that is not under the root key in use, in batches, while servers work. It can be stopped at any
 * moment and started again. What was changed or erased meanwhile stays as it became.
 */
export async function rewrapAll(
  { store: { db }, rootKeys }: RotationParts,
  to: string,
  options: { onProgress: (progress: RotationProgress) => Promise<void>; onUnopened: OnUnopened },
): Promise<RotationProgress> {
  const reported = new Set<string>()
  let unopened = 0
  let rewrapped = 0

  async function rewrapTable<Row extends StoredBytes & { readonly id: string }>(table: {
    what: Parameters<OnUnopened>[0]
    find: (page: WrappedPage) => Promise<Row[]>
    dataFor: (row: Row) => Parameters<typeof rewrap>[3]
    replace: (changes: readonly Rewrapped[]) => Promise<number>
  }): Promise<void> {
    const batches = inPages({
      after: lowestUuid,
      find: (after) => table.find({ except: to, after, max: batchSize }),
      keyOf: ({ id }) => id,
    })
    for await (const rows of batches) {
      const changes: Rewrapped[] = []
      for (const row of rows) {
        try {
          const { id, rootKeyId, wrapped } = row
          const from = { rootKeyId, wrapped }
          changes.push({ id, from, to: await rewrap(rootKeys, from, to, table.dataFor(row)) })
        } catch (error) {
          if (!(error instanceof WrappedBytesError)) throw error
          unopened++
          if (!reported.has(row.id)) options.onUnopened(table.what, row.id)
          reported.add(row.id)
        }
      }
      if (changes.length > 0) rewrapped += await table.replace(changes)
      await options.onProgress({ rewrapped, unopened })
    }
  }

  for (;;) {
    const before = rewrapped
    unopened = 0
    await rewrapTable<WrappedMaterialRow>({
      what: 'key material',
      find: (page) => findMaterialToRewrap(db, page),
      dataFor: materialData,
      replace: (changes) => replaceMaterial(db, changes),
    })
    await rewrapTable<WrappedMaterialRow>({
      what: 'key material',
      find: (page) => findNextMaterialToRewrap(db, page),
      dataFor: materialData,
      replace: (changes) => replaceNextMaterial(db, changes),
    })
    await rewrapTable<WrappedImportKeyRow>({
      what: 'import parameters',
      find: (page) => findImportKeysToRewrap(db, page),
      dataFor: ({ projectId, keyId, id }) => importKeyData({ projectId, keyId, parametersId: id }),
      replace: (changes) => replaceImportKeys(db, changes),
    })
    const left = countOthers(await countByRootKey(db), to)
    if (left <= unopened) return { rewrapped, unopened: left }
    if (rewrapped === before) await wait(roundPauseMs)
    await options.onProgress({ rewrapped, unopened })
  }
}

/** Number of rows wrapped by other root keys than one. */
function countOthers(uses: readonly RootKeyUse[], rootKeyId: string): number {
  return uses
    .filter((use) => use.rootKeyId !== rootKeyId)
    .reduce((sum, { installation, versions, imports }) => sum + Number(installation) + versions + imports, 0)
}

function newestOf({ rootKeyIds: [newest] }: RootKeyProvider): string {
  if (newest === undefined) throw new RootKeyError('there is no root key')
  return newest
}

/** True if no rotation is in progress: the newest root key is in use, and no other one is held any more. */
function isFinished(rootKeys: RootKeyProvider, inUse: string, uses: readonly RootKeyUse[]): boolean {
  return newestOf(rootKeys) === inUse && countOthers(uses, inUse) === 0 && rootKeys.rootKeyIds.length === 1
}

async function addRootKey(rootKeys: RootKeyProvider): Promise<void> {
  if (rootKeys.add === null)
    throw new RootKeyError(`There is no other root key to rotate to. ${rootKeys.advice.add}`)
  await rootKeys.add()
  await rootKeys.reload()
}

async function requireKnown(rootKeys: RootKeyProvider, uses: readonly RootKeyUse[]): Promise<void> {
  for (const { rootKeyId } of uses) {
    await rootKeys.find(rootKeyId).catch((error: Error) => {
      throw new RootKeyError(`Nothing was rotated: ${error.message}.`)
    })
  }
}
