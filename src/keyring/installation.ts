import { createSecretKey, type KeyObject } from 'node:crypto'
import { createEd25519Key, deriveKey, freshRandomBytes } from '../crypto/secrets.ts'
import { hasUnchainedEvents } from '../store/audit/event-rows.ts'
import {
  createInstallation,
  findInstallation,
  lockInstallation,
  updateInstallation,
} from '../store/rows/installation-row.ts'
import type { Queryable } from '../store/sql.ts'
import type { Store } from '../store/store.ts'
import {
  type RootKey,
  type RootKeyProvider,
  type WrappedBytes,
  WrappedBytesError,
} from './root-key-provider.ts'

const secretBytes = 32
/**
 * What the wrapped installation secret is bound to: there is one in a database. It also says whether the audit trail may
 * have records from before there were chains, so that write access to the database alone cannot claim it.
 */
const installationData = {
  predatesChains: 'keystead installation secret v1',
  bornWithChains: 'keystead installation secret v2',
} as const

/** Keys that follow from the installation secret, one purpose each (NIST SP 800-57 Part 1 §5.2). */
export interface InstallationKeys {
  /** Authenticates policy fields of rows. */
  readonly policyMac: KeyObject
  /** Authenticates cursors of lists. */
  readonly cursorMac: KeyObject
  /** Authenticates the ends of audit chains. */
  readonly auditMac: KeyObject
  /** Signs checkpoints of the audit trail: an Ed25519 private key. */
  readonly checkpointKey: KeyObject
  /** True if the installation is older than audit chains and may have records without one. */
  readonly predatesChains: boolean
}

/** An unwrapped installation secret and its associated data. */
interface OpenedSecret {
  readonly secret: Buffer
  readonly data: Buffer
  readonly predatesChains: boolean
}

/** @throws WrappedBytesError if the root key does not open it */
async function openSecret(rootKey: Pick<RootKey, 'unwrap'>, wrapped: WrappedBytes): Promise<OpenedSecret> {
  const data = Buffer.from(installationData.bornWithChains)
  try {
    return { secret: await rootKey.unwrap(wrapped, data), data, predatesChains: false }
  } catch (error) {
    if (!(error instanceof WrappedBytesError)) throw error
    const older = Buffer.from(installationData.predatesChains)
    return { secret: await rootKey.unwrap(wrapped, older), data: older, predatesChains: true }
  }
}

/** The installation secret under another root key, bound to what it was bound to. */
export async function rewrapInstallationSecret(
  rootKeys: RootKeyProvider,
  wrapped: WrappedBytes,
  to: string,
): Promise<WrappedBytes> {
  const { secret, data } = await openSecret(await rootKeys.find(wrapped.rootKeyId), wrapped)
  try {
    return await (await rootKeys.find(to)).wrap(secret, data)
  } finally {
    secret.fill(0)
  }
}

/**
 * Notes that all records of an installation are in chains, where that is so: from then on a record without a chain is a
 * forgery. For installations from before this was noted.
 *
 * @returns whether there may still be records without a chain
 */
export async function noteBirthWithChains(store: Store, rootKeys: RootKeyProvider): Promise<boolean> {
  return store.transaction(async (tx) => {
    const row = await lockInstallation(tx)
    if (await hasUnchainedEvents(tx)) return true
    const { rootKeyId, wrappedSecret: wrapped } = row
    const rootKey = await rootKeys.find(rootKeyId)
    const { secret, predatesChains } = await openSecret(rootKey, { rootKeyId, wrapped })
    try {
      if (predatesChains) {
        const bound = await rootKey.wrap(secret, Buffer.from(installationData.bornWithChains))
        await updateInstallation(tx, { rootKeyId, wrappedSecret: bound.wrapped })
      }
    } finally {
      secret.fill(0)
    }
    return false
  })
}

/** Reads the installation secret, or creates it in a new database. Of two racing servers one wins. */
export async function openInstallation(
  db: Queryable,
  provider: RootKeyProvider,
  now: Date,
): Promise<InstallationKeys> {
  if ((await findInstallation(db)) === null) {
    const fresh = freshRandomBytes(secretBytes)
    const data = Buffer.from(installationData.bornWithChains)
    const { rootKeyId, wrapped } = await provider.current.wrap(fresh, data)
    fresh.fill(0)
    await createInstallation(db, { rootKeyId, wrappedSecret: wrapped, createdAt: now })
  }
  const row = await findInstallation(db)
  if (row === null) throw new Error('the installation row was removed while the server was starting')
  // The root key of the secret is the one in use: a rotation moves the secret first.
  await provider.use(row.rootKeyId)
  const { rootKeyId, wrappedSecret: wrapped } = row
  const { secret, predatesChains } = await openSecret(provider.current, { rootKeyId, wrapped })
  try {
    return {
      policyMac: keyFrom(secret, 'keystead policy mac v1', createSecretKey),
      cursorMac: keyFrom(secret, 'keystead cursor mac v1', createSecretKey),
      auditMac: keyFrom(secret, 'keystead audit mac v1', createSecretKey),
      checkpointKey: keyFrom(secret, 'keystead audit checkpoint v1', createEd25519Key),
      predatesChains,
    }
  } finally {
    secret.fill(0)
  }
}

/** The key of a purpose; its bytes are nowhere else afterwards. */
function keyFrom(secret: Buffer, label: string, createKey: (bytes: Buffer) => KeyObject): KeyObject {
  const bytes = deriveKey(secret, label, 32)
  try {
    return createKey(bytes)
  } finally {
    bytes.fill(0)
  }
}
