import { findAlgorithm } from '../../crypto/algorithms.ts'
import type { Capability, KeyUsage } from '../../crypto/capabilities.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import {
  InvalidKeyStateError,
  InvalidKeyUsageError,
  KeyNotFoundError,
  KeyVersionNotFoundError,
  type KeyVersionStatus,
} from '../rules/errors.ts'
import { settle } from '../rules/lifecycle.ts'

/** The capabilities of some kinds. */
export type CapabilityOf<Kind extends Capability['kind']> = Extract<Capability, { kind: Kind }>

/**
 * The capability of a key for a usage.
 *
 * @throws InvalidKeyUsageError if the key has another usage, or an algorithm of another kind
 */
export function capabilityFor<Kind extends Capability['kind']>(
  key: CachedKey,
  usage: KeyUsage,
  kinds: readonly Kind[],
): CapabilityOf<Kind> {
  const { row } = key
  const capability = row.usage === usage ? findAlgorithm(row.algorithm)?.capabilities[usage] : undefined
  if (capability === undefined || !(kinds as readonly string[]).includes(capability.kind)) {
    throw new InvalidKeyUsageError(
      `The key is for ${row.usage} with ${row.algorithm}, which this operation cannot use. Take another key.`,
      { usage: row.usage, algorithm: row.algorithm },
    )
  }
  return capability as CapabilityOf<Kind>
}

/**
 * The version that protects new data.
 *
 * @throws InvalidKeyStateError if there is none, or it is not ACTIVE
 */
export async function defaultVersionForUse({ clock }: Clocked, key: CachedKey): Promise<KeyVersionRow> {
  const { row } = key
  const now = clock.certainNow()
  if (row.lastVersionNumber === 0) {
    throw new InvalidKeyStateError(
      `The key is in state PRE_ACTIVATION and has no version yet. ${firstVersionRemedy(row)}`,
      { keyStatus: row.status, allowed: ['ACTIVE'] },
    )
  }
  const newest = await key.version(row.lastVersionNumber)
  // The key was deleted since it was loaded.
  if (newest === null) throw new KeyNotFoundError()
  const version = settle(newest, now)
  if (version.status === 'DESTROYED') {
    throw new InvalidKeyStateError(
      `The default version of the key was destroyed, so nothing new can be protected with it. ${newVersionRemedy(row)}`,
      { keyStatus: row.status, version, allowed: [] },
    )
  }
  return requireActive(key, version, 'The default version')
}

/**
 * Checks that a version may be used for what exists already.
 *
 * @throws InvalidKeyStateError unless it is ACTIVE
 */
export function versionForUse({ clock }: Clocked, key: CachedKey, row: KeyVersionRow): KeyVersionRow {
  return requireActive(key, settle(row, clock.certainNow()), 'Version')
}

/**
 * A version that the caller named.
 *
 * @throws KeyVersionNotFoundError, which tells nothing new: whoever may use the key also sees its versions
 */
export async function findVersion(key: CachedKey, number: number): Promise<KeyVersionRow> {
  const row = number >= 1 && number <= key.row.lastVersionNumber ? await key.version(number) : null
  if (row === null) throw new KeyVersionNotFoundError(number)
  return row
}

type Clocked = Pick<DomainParts, 'clock'>

type VersionSource = Pick<KeyRow, 'kind' | 'origin'>

const importRemedy = 'Import a version with getImportParameters and importKeyVersion.'

/** How a key in pre-activation gets its first version. */
function firstVersionRemedy({ origin }: VersionSource): string {
  return origin === 'EXTERNAL' ? importRemedy : 'Call activateUserKey first.'
}

/** How a key gets another default version. Only the system rotates service keys. */
export function newVersionRemedy({ kind, origin }: VersionSource): string {
  if (kind === 'SERVICE') return 'The service key gets a new default version by automatic rotation.'
  return origin === 'EXTERNAL' ? importRemedy : 'Call rotateUserKey for a new default version.'
}

const remedies: Readonly<Record<Exclude<KeyVersionStatus, 'ACTIVE'>, string>> = {
  DEACTIVATED: 'Call activateKeyVersion to use it again.',
  DESTROY_SCHEDULED: 'Call restoreKeyVersion and then activateKeyVersion to use it again.',
  DESTROYED: 'It cannot be used again.',
}

function requireActive(key: CachedKey, version: KeyVersionRow, name: string): KeyVersionRow {
  if (version.status === 'ACTIVE') return version
  throw new InvalidKeyStateError(
    `${name} ${version.number} of the key is ${version.status}. ${remedies[version.status]}`,
    { keyStatus: key.row.status, version, allowed: version.status === 'DESTROYED' ? [] : ['ACTIVE'] },
  )
}
