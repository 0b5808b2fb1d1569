import { randomBytes } from 'node:crypto'
import { readConfig } from '../src/config.ts'
import { newUuid } from '../src/ids.ts'
import { type SealedChange, sealChange } from '../src/keys/changing/locked-key.ts'
import { makeMaterial } from '../src/keys/changing/new-material.ts'
import type { Dependencies } from '../src/keys/parts/dependencies.ts'
import { startAuditContext } from '../src/keys/parts/request.ts'
import { applyCommand, type KeyState } from '../src/keys/rules/lifecycle.ts'
import { openParts } from '../src/open-parts.ts'
import type { KeyRow } from '../src/store/rows/key-rows.ts'
import { draftKey } from '../test/support/sample-rows.ts'

const groupSize = 2000

/** One of many keys. */
export interface BulkKey {
  readonly name: string
  readonly createdAt: Date
  /** Whether access control is on, with a list on which nobody is who asks. */
  readonly isRedacted: boolean
  readonly isDeactivated: boolean
  /** Columns that are its own. */
  readonly columns?: Partial<KeyRow>
  /** Days after its creation on which its version is destroyed, if it is deactivated; none without it. */
  readonly destroyedAfterDays?: number
  /** When it was last used; never without it. */
  readonly lastUsedAt?: Date
}

/** Many keys of one project. */
export interface BulkKeys {
  readonly projectId: string
  readonly count: number
  keyAt(index: number): BulkKey
  /** Whether they have material, so that they can be used; it takes its time. */
  readonly areUsable: boolean
  note(text: string): void
}

/** Settings with which several processes can share a database. */
export function sharedSettings(databaseUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    ROOT_KEY_PROVIDER: 'env',
    ROOT_KEY: randomBytes(32).toString('base64'),
  }
}

/** Runs work with the parts that servers with these settings have, too. */
export async function withParts<T>(
  settings: Readonly<Record<string, string>>,
  work: (parts: Dependencies) => Promise<T>,
): Promise<T> {
  const config = readConfig({
    AUTH_ISSUER: 'https://issuer.bench',
    AUTH_JWKS_URL: 'https://issuer.bench',
    ...settings,
  })
  const alert = (error: Error) => {
    throw error
  }
  const { parts, close } = await openParts(config, { prepare: true, alert })
  try {
    return await work(parts)
  } finally {
    await close()
  }
}

/**
 * Makes keys with one version each as the product makes them, with MACs that verify, and writes them in few statements.
 * Their creation is not on record. Gives their UUIDs.
 */
export async function insertBulkKeys(
  settings: Readonly<Record<string, string>>,
  wanted: BulkKeys,
): Promise<string[]> {
  return withParts(settings, async (parts) => {
    const insert = (table: string, rows: readonly object[]) => insertRows(parts, table, rows)
    const ids: string[] = []
    while (ids.length < wanted.count) {
      const count = Math.min(groupSize, wanted.count - ids.length)
      const sealed = await sealKeys(parts, wanted, { from: ids.length, count })
      const added = sealed.flatMap((change) => change.added)
      await insert(
        'keys',
        sealed.map(({ after }) => after.row),
      )
      await insert(
        'key_versions',
        added.map(({ version }) => version),
      )
      await insert(
        'key_version_usage',
        usesOf(
          wanted,
          sealed.map(({ after }) => after.row.id),
          ids.length,
        ),
      )
      if (wanted.areUsable) {
        await insert(
          'key_material',
          added.map(({ version, material }) => ({ versionId: version.id, ...material })),
        )
      }
      ids.push(...sealed.map(({ after }) => after.row.id))
      if (ids.length % 20_000 === 0) wanted.note(`${ids.length} of ${wanted.count} keys`)
    }
    for (const table of ['keys', 'key_versions', 'key_material', 'key_search', 'key_last_uses']) {
      await parts.store.db.$executeRawUnsafe(`VACUUM ANALYZE ${table}`)
    }
    return ids
  })
}

async function sealKeys(
  parts: Dependencies,
  { projectId, keyAt, areUsable }: BulkKeys,
  { from, count }: { from: number; count: number },
): Promise<SealedChange[]> {
  const { policyMac, settings } = parts
  const timeZone = settings.rotationTimeZone
  const actor = {
    projectId,
    subject: 'system:bench',
    tokenId: null,
    clientAddress: null,
    requestId: newUuid(),
  }
  const attempt = startAuditContext(actor, 'CREATE_USER_KEY')
  const owner = { id: newUuid(), projectId, algorithm }
  const unused = areUsable ? null : await makeMaterial(parts, owner, 1, attempt)
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const key = keyAt(from + index)
      const draft = draftOf(key, projectId)
      const how = { ...settings, now: key.createdAt, certainNow: key.createdAt, timeZone }
      const active = { ...applyCommand(stateOf(draft), { type: 'activateKey' }, how), revision: 1 }
      const stopped = key.isDeactivated
        ? applyCommand(active, { type: 'deactivateVersion', version: 1 }, how)
        : active
      const { destroyedAfterDays: waitingPeriodDays } = key
      const state =
        waitingPeriodDays === undefined
          ? stopped
          : applyCommand(stopped, { type: 'destroyVersion', version: 1, waitingPeriodDays }, how)
      const material = unused ?? (await makeMaterial(parts, draft, 1, attempt))
      return sealChange(
        policyMac,
        { row: draft, versions: [] },
        { state, material: [material], now: key.createdAt },
      )
    }),
  )
}

const algorithm = 'AES_256_GCM'

function draftOf({ name, createdAt, isRedacted, columns }: BulkKey, projectId: string): KeyRow {
  return draftKey({
    projectId,
    name,
    algorithm,
    accessControlEnabled: isRedacted,
    allowedSubjects: isRedacted ? ['group:payments'] : [],
    createdAt,
    ...columns,
  })
}

function stateOf({
  rotationEnabled: enabled,
  rotationCycleDays: cycleDays,
  rotationConfiguredOn: configuredOn,
}: KeyRow): KeyState {
  return {
    origin: 'KEYSTEAD',
    versions: [],
    lastVersionNumber: 0,
    skippedVersions: [],
    lastRotatedAt: null,
    rotation: { enabled, cycleDays, configuredOn, dueOn: null },
    keySet: null,
    revision: 1,
  }
}

function usesOf({ keyAt }: BulkKeys, ids: readonly string[], from: number): object[] {
  return ids.flatMap((keyId, index) => {
    const { lastUsedAt } = keyAt(from + index)
    return lastUsedAt === undefined ? [] : [{ keyId, versionNumber: 1, encryptions: 0, lastUsedAt }]
  })
}

/** The database turns text into what its columns hold. */
async function insertRows({ store }: Dependencies, table: string, rows: readonly object[]): Promise<void> {
  const records = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value,
      ]),
    ),
  )
  await store.db.$executeRawUnsafe(
    `INSERT INTO ${table} SELECT * FROM json_populate_recordset(null::${table}, $1::json)`,
    JSON.stringify(records),
  )
}
