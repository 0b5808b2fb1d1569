import type { KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { findAlgorithm } from '../crypto/algorithms.ts'
import type { AlgorithmEntry } from '../crypto/capabilities.ts'
import { loadPublicKey } from '../crypto/public-key.ts'
import { inGroups } from '../store/in-groups.ts'
import type { KeyIdentity } from '../store/key-changes.ts'
import { findKey, findKeyIdByName, hasName, type KeyRow } from '../store/rows/key-rows.ts'
import { findKeysInUse, type KeyWithNewestVersion } from '../store/rows/key-with-versions.ts'
import { firstNotSkipped } from '../store/rows/skipped-versions.ts'
import {
  findMaterial,
  findVersionsById,
  findVersionsByNumber,
  type KeyVersionRow,
  type MaterialRow,
} from '../store/rows/version-rows.ts'
import type { Queryable } from '../store/sql.ts'
import type { Envelope } from './envelope.ts'
import { IntegrityError } from './integrity-error.ts'
import type { PolicyMac } from './policy-mac.ts'
import { WrappedBytesError } from './root-key-provider.ts'

/** A key ready to use: its verified row, and its versions and material on demand. */
export interface CachedKey {
  readonly row: KeyRow
  /** Its algorithm; undefined for one that this release does not know. */
  readonly algorithm: AlgorithmEntry | undefined
  /** The verified row of a version, or null. */
  version(number: number): Promise<KeyVersionRow | null>
  /** The secret or private key of a version; the only way to plain material. */
  secretKey(version: KeyVersionRow): Promise<KeyObject>
  /** The public key of a version of an asymmetric key. */
  publicKey(version: KeyVersionRow): KeyObject
}

/** Keys in memory, for a bounded time and up to a bounded number. */
export interface KeyCache {
  /** The key, from memory or from the database; null if the project has none of this ID. */
  get(projectId: string, keyId: string): Promise<CachedKey | null>
  /** The user key with this name or alias; null if the project has none. */
  getByName(projectId: string, name: string): Promise<CachedKey | null>
  /**
   * The key with the version of this ID, and the number of the version; null if the project has none, or if the key is not
   * visible. Both take the same statements.
   */
  getByVersion(
    projectId: string,
    versionId: string,
    isVisible: (key: KeyRow) => boolean,
  ): Promise<KeyOfVersion | null>
  /** Evicts a changed key: the next `get` reads the database. */
  invalidate(projectId: string, keyId: string): void
  /** Evicts all keys, when changes may have been missed. */
  clear(): void
  readonly size: number
}

/** A key, and the number of one of its versions. */
export interface KeyOfVersion {
  readonly key: CachedKey
  readonly number: number
}

/** Most versions of one key that are held at the same time. */
const versionsPerKeyMax = 64

interface Entry {
  readonly loadedAtMs: number
  readonly key: Promise<CachedKey | null>
}

/** Builds the cache. Its lifetime is monotonic time: it bounds how long other replicas' revocations take. */
export function createKeyCache(options: {
  db: Queryable
  envelope: Envelope
  policyMac: PolicyMac
  size: number
  lifetimeMs: number
  /** Called for each look-up, with true for a hit. */
  onLookup?: (isHit: boolean) => void
}): KeyCache {
  const { db, envelope, policyMac, size, lifetimeMs, onLookup } = options
  // Keyed by project and ID, so that a look-up with another project's ID can never hit.
  const entries = new LRUCache<string, Entry>({ max: size })
  // Where names and versions were last found. A key that no longer has the name is looked up again.
  const idsByName = new LRUCache<string, string>({ max: size })
  const placesByVersion = new LRUCache<string, { readonly keyId: string; readonly number: number }>({
    max: size,
  })
  let isPurgePlanned = false

  /** Removes expired entries from memory, so that key material does not stay longer than it may be used. */
  function planPurge(): void {
    if (isPurgePlanned) return
    isPurgePlanned = true
    setTimeout(() => {
      isPurgePlanned = false
      const nowMs = performance.now()
      for (const [name, { loadedAtMs }] of entries) {
        if (nowMs - loadedAtMs >= lifetimeMs) entries.delete(name)
      }
      if (entries.size > 0) planPurge()
    }, lifetimeMs).unref()
  }

  const findInUse = inGroups((lookups: readonly KeyIdentity[]) => findKeysInUse(db, lookups))

  async function load(projectId: string, id: string): Promise<CachedKey | null> {
    const found = await findInUse({ projectId, id })
    if (found === null) return null
    if (!policyMac.isAuthenticKey(found.key)) throw new IntegrityError('key', id)
    return createCachedKey(found, { db, envelope, policyMac })
  }

  function get(projectId: string, keyId: string): Promise<CachedKey | null> {
    const name = nameOf(projectId, keyId)
    const cached = entries.get(name)
    const nowMs = performance.now()
    const isHit = cached !== undefined && nowMs - cached.loadedAtMs < lifetimeMs
    onLookup?.(isHit)
    if (isHit) return cached.key
    const entry: Entry = { loadedAtMs: nowMs, key: load(projectId, keyId) }
    // The entry stands from the start of its load: an invalidation in the meantime removes it, and what the load
    // then finds is used by those who asked before and by nobody after.
    entries.set(name, entry)
    planPurge()
    const forget = () => {
      if (entries.peek(name) === entry) entries.delete(name)
    }
    entry.key.then((key) => key ?? forget(), forget)
    return entry.key
  }

  return {
    get,
    async getByName(projectId, name) {
      const place = nameOf(projectId, name)
      const known = idsByName.get(place)
      if (known !== undefined) {
        const key = await get(projectId, known)
        if (key !== null && hasName(key.row, name)) return key
      }
      const id = await findKeyIdByName(db, { projectId, name })
      if (id === null) return null
      let key = await get(projectId, id)
      if (key !== null && !hasName(key.row, name)) {
        // What is in memory is older than what was found.
        entries.delete(nameOf(projectId, id))
        key = await get(projectId, id)
      }
      if (key === null || !hasName(key.row, name)) return null
      idsByName.set(place, id)
      return key
    },
    async getByVersion(projectId, versionId, isVisible) {
      const name = nameOf(projectId, versionId)
      const place =
        placesByVersion.get(name) ?? (await findVersionsById(db, { projectId, ids: [versionId] }))[0]
      // Without a version, an ID is looked up that no key has.
      const key = await get(projectId, place?.keyId ?? versionId)
      if (place === undefined || key === null || !isVisible(key.row)) return null
      const { keyId, number } = place
      const version = await key.version(number)
      // The row of the version is verified now.
      if (version?.id !== versionId) return null
      placesByVersion.set(name, { keyId, number })
      return { key, number }
    },
    invalidate(projectId, keyId) {
      entries.delete(nameOf(projectId, keyId))
    },
    clear() {
      entries.clear()
    },
    get size() {
      return entries.size
    },
  }
}

/** Name of a cache entry. The separator occurs neither in a UUID nor in the name of a key. */
function nameOf(projectId: string, keyId: string): string {
  return `${keyId} ${projectId}`
}

function createCachedKey(
  { key: row, version: newest, material }: KeyWithNewestVersion,
  deps: { db: Queryable; envelope: Envelope; policyMac: PolicyMac },
): CachedKey {
  const { db, envelope, policyMac } = deps
  const algorithm = findAlgorithm(row.algorithm)
  const versions = new Map<number, Promise<KeyVersionRow | null>>()
  const secrets = new Map<number, Promise<KeyObject>>()
  const publics = new Map<number, KeyObject>()
  /** The newest version was read with the key; others are read on first use. */
  let unusedMaterial = material

  async function loadVersion(number: number): Promise<KeyVersionRow | null> {
    // No version has such a number, whatever row may be there.
    if (firstNotSkipped(row.skippedVersions, number) !== number) return null
    const [version] =
      number === newest?.number ? [newest] : await findVersionsByNumber(db, [{ keyId: row.id, number }])
    if (version === undefined) {
      // Versions go only together with their key, and the key may have gone since it was loaded.
      const isCounted = number >= 1 && number <= row.lastVersionNumber
      if (isCounted && (await findKey(db, { projectId: row.projectId, id: row.id })) !== null)
        throw IntegrityError.missingVersion(row.id, number)
      return null
    }
    if (!policyMac.isAuthenticVersion(version)) throw new IntegrityError('key version', version.id)
    return version
  }

  async function loadSecret(version: KeyVersionRow): Promise<KeyObject> {
    const readBefore = unusedMaterial?.versionId === version.id ? unusedMaterial : null
    if (readBefore !== null) {
      unusedMaterial = null
      try {
        return await openMaterial(version, readBefore)
      } catch (error) {
        // It may have been wrapped anew meanwhile, and its former root key be gone: what is stored now decides.
        if (!(error instanceof IntegrityError)) throw error
      }
    }
    const stored = await findMaterial(db, version.id)
    if (stored === null) throw new IntegrityError('key material', version.id)
    return openMaterial(version, stored)
  }

  async function openMaterial(version: KeyVersionRow, material: MaterialRow): Promise<KeyObject> {
    const binding = {
      projectId: row.projectId,
      keyId: row.id,
      versionNumber: version.number,
      algorithm: row.algorithm,
    }
    const secret = await envelope.unwrapPlaintextMaterial(material, binding).catch((error: unknown) => {
      throw error instanceof WrappedBytesError ? new IntegrityError('key material', version.id) : error
    })
    try {
      if (algorithm === undefined) throw new TypeError(`no algorithm named ${row.algorithm}`)
      return algorithm.load(secret)
    } finally {
      secret.fill(0)
    }
  }

  return {
    row,
    algorithm,
    version: (number) => remember(versions, number, () => loadVersion(number)),
    secretKey: (version) => remember(secrets, version.number, () => loadSecret(version)),
    publicKey(version) {
      const known = publics.get(version.number)
      if (known !== undefined) return known
      if (version.publicKey === null) throw new TypeError('a symmetric key has no public key')
      const key = loadPublicKey(version.publicKey)
      hold(publics, version.number, key)
      return key
    },
  }
}

/** One load for all who ask; neither failures nor absences are remembered. */
function remember<T>(held: Map<number, Promise<T>>, number: number, load: () => Promise<T>): Promise<T> {
  const known = held.get(number)
  if (known !== undefined) return known
  const loading = load()
  hold(held, number, loading)
  const forget = () => {
    if (held.get(number) === loading) held.delete(number)
  }
  loading.then((value) => {
    if (value === null) forget()
  }, forget)
  return loading
}

function hold<T>(held: Map<number, T>, number: number, value: T): void {
  if (held.size >= versionsPerKeyMax) {
    const [oldest] = held.keys()
    if (oldest !== undefined) held.delete(oldest)
  }
  held.set(number, value)
}
