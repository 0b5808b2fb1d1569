import type { AuditWriter } from '../../audit/write/writer.ts'
import { freshRandomBytes } from '../../crypto/secrets.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import { type KeyRow, updateKeys } from '../../store/rows/key-rows.ts'
import { macCoveredRows } from '../../store/rows/mac-covered-rows.ts'
import { giveUpEncryptions, raiseEncryptions, type VersionPlace } from '../../store/rows/usage-rows.ts'
import { findVersionsOfKeys } from '../../store/rows/version-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { changeEventOf, startAuditContext, systemActor } from '../parts/request.ts'
import { countedAlgorithms } from '../rules/encryption-limits.ts'
import { sealChange, stateOf } from './locked-key.ts'

/** Range of the random count of version numbers that a restore skips after the newest version of a key. */
export const skippedNumbers = { min: 100_000, max: 4_000_000 } as const
/** Highest number that a restore skips. Above it there is room for new versions. */
const highestSkipped = 2_000_000_000

/** Numbers of the database that a restore replaces. */
export interface ReplacedNumbers {
  /** The highest version number of any key in it. */
  readonly highestVersion: number
  /** Encryptions of the versions that have made most. */
  readonly encryptions: readonly (VersionPlace & { readonly encryptions: number })[]
}

/** Parts and facts for setting keys back. */
export interface SetBackParts {
  readonly policyMac: PolicyMac
  readonly audit: AuditWriter
  readonly now: Date
  /** The moment that the backup shows, RFC 3339. */
  readonly backupCreatedAt: string
  readonly replaced: ReplacedNumbers
}

/** A version number is too high for another restore. */
export class VersionNumbersUsedUpError extends Error {}

/**
 * Marks all keys as restored from a backup. What happened between the backup and now is unknown: versions may have been
 * added, and versions may have encrypted. A random count of version numbers is skipped, so that no number ever gets two
 * materials, even if the same backup is restored twice. Each version loses half of its remaining encryptions, so that it
 * stays within its limit.
 *
 * @returns the number of keys
 */
export async function setKeysBack(tx: Queryable, parts: SetBackParts): Promise<number> {
  const { policyMac, audit, now, backupCreatedAt, replaced } = parts
  const skip = randomNumber(skippedNumbers.min, skippedNumbers.max)
  let count = 0
  for await (const rows of macCoveredRows(tx).keys()) {
    const versions = await findVersionsOfKeys(
      tx,
      rows.map(({ id }) => id),
    )
    const sealed = rows.map((row) => {
      const key = { row, versions: versions.get(row.id) ?? [] }
      const skippedVersions = skippedUpTo(row, Math.max(highestOf(row), replaced.highestVersion) + skip)
      const before = stateOf(key)
      // The next version of a published key may have become one since, under a number that is skipped now.
      const keySet = before.keySet && { ...before.keySet, next: null }
      const state = { ...before, skippedVersions, keySet, revision: before.revision + 1 }
      return sealChange(policyMac, key, { state, columns: { restoredAt: now }, material: [], now })
    })
    await updateKeys(
      tx,
      sealed.map(({ after }, index) => ({ before: rows[index] ?? after.row, after: after.row })),
    )
    const events = sealed.map(({ after: { row }, keyState }) => {
      const context = startAuditContext(systemActor('operator', row.projectId), 'RESTORE_BACKUP')
      const facts = { keyId: row.id, keyRevision: row.revision }
      return changeEventOf({ ...context, ...facts, details: { backupCreatedAt } }, keyState)
    })
    await audit.recordIn(tx, ...events)
    count += rows.length
  }
  for (const [max, names] of countedAlgorithms()) await giveUpEncryptions(tx, { algorithms: names, max })
  await raiseEncryptions(tx, replaced.encryptions)
  return count
}

/** Lowest count of encryptions that a counted version has after a restore. */
export function leastGivenUp(): number {
  return Math.min(...[...countedAlgorithms().keys()].map((max) => Math.floor(max / 2)))
}

function highestOf({ lastVersionNumber, skippedVersions }: KeyRow): number {
  return Math.max(lastVersionNumber, skippedVersions.at(-1) ?? 0)
}

/** Skipped numbers of a key, extended from its newest version up to a number. */
function skippedUpTo({ lastVersionNumber, skippedVersions }: KeyRow, last: number): readonly number[] {
  if (last > highestSkipped) throw new VersionNumbersUsedUpError()
  const first = lastVersionNumber + 1
  // Includes numbers skipped by an earlier restore after which no version was added.
  return [...skippedVersions.filter((bound) => bound < first), first, last]
}

/** A number of a range of less than 2^32, both ends included: also of a copied machine another one (see `freshRandomBytes`). */
function randomNumber(min: number, max: number): number {
  return min + (freshRandomBytes(6).readUIntBE(0, 6) % (max - min + 1))
}
