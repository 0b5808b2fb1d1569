import { createSecretKey, type KeyObject } from 'node:crypto'
import { createEd25519Key, deriveKey } from '../crypto/derive.ts'
import { freshRandomBytes } from '../crypto/random.ts'
import { createInstallation, findInstallation } from '../store/installation-row.ts'
import type { Queryable } from '../store/store.ts'
import type { RootKeyProvider } from './root-key-provider.ts'

const secretBytes = 32
/** What the wrapped installation secret is bound to: there is one in a database. */
export const installationData = (): Buffer => Buffer.from('keystead installation secret v1')

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
}

/** Reads the installation secret, or makes it when the database is new; of two racing servers one wins. */
export async function openInstallation(
  db: Queryable,
  provider: RootKeyProvider,
  now: Date,
): Promise<InstallationKeys> {
  if ((await findInstallation(db)) === null) {
    const fresh = freshRandomBytes(secretBytes)
    const { rootKeyId, wrapped } = await provider.current.wrap(fresh, installationData())
    fresh.fill(0)
    await createInstallation(db, { rootKeyId, wrappedSecret: wrapped, createdAt: now })
  }
  const row = await findInstallation(db)
  if (row === null) throw new Error('the installation row was removed while the server was starting')
  // The root key of the secret is the one in use: a rotation moves the secret first.
  await provider.use(row.rootKeyId)
  const { rootKeyId, wrappedSecret: wrapped } = row
  const secret = await provider.current.unwrap({ rootKeyId, wrapped }, installationData())
  try {
    return {
      policyMac: keyFrom(secret, 'keystead policy mac v1', createSecretKey),
      cursorMac: keyFrom(secret, 'keystead cursor mac v1', createSecretKey),
      auditMac: keyFrom(secret, 'keystead audit mac v1', createSecretKey),
      checkpointKey: keyFrom(secret, 'keystead audit checkpoint v1', createEd25519Key),
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
