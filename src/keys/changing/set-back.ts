import type { AuditActor } from '../../audit/events.ts'
import type { AuditWriter } from '../../audit/write/writer.ts'
import { algorithms } from '../../crypto/algorithms.ts'
import { freshRandomBytes } from '../../crypto/random.ts'
import { newUuid } from '../../ids.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import type { Queryable } from '../../store/queryable.ts'
import { type KeyRow, updateRestoredKeys } from '../../store/rows/key-rows.ts'
import { macCoveredRows } from '../../store/rows/mac-covered-rows.ts'
import { giveUpEncryptions, raiseEncryptions, type VersionPlace } from '../../store/rows/usage-rows.ts'
import { findVersionsOfKeys } from '../../store/rows/version-rows.ts'
import { changeEventOf, startAuditContext } from '../requests/audit-context.ts'
import { formatSubject } from '../rules/caller.ts'
import { sealChange, stateOf } from './locked-key.ts'

/** Version numbers that a restore leaves out after the newest one of a key: by chance, between these. */
export const skippedNumbers = { min: 100_000, max: 4_000_000 } as const
/** The highest number that a restore leaves out; above it there is room for the versions to come. */
const highestSkipped = 2_000_000_000

/** What is known of a database that a restore replaces. */
export interface ReplacedNumbers {
  /** The highest version number of any key in it. */
  readonly highestVersion: number
  /** Encryptions of the versions that have made most. */
  readonly encryptions: readonly (VersionPlace & { readonly encryptions: number })[]
}

/** What keys are set back with. */
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
 * Marks all keys as restored from a backup. Nobody knows what was done between the backup and now: versions were made that
 * are lost, and versions that are there encrypted. So that no version number of a key ever has two materials, the next
 * numbers are left out, as many as chance says, since the same backup may be restored more than once. And so that no
 * version encrypts more often than it may, half of the encryptions that it had left are given up.
 *
 * @returns how many keys there are
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
      const state = { ...before, skippedVersions, revision: before.revision + 1 }
      return sealChange(policyMac, key, { state, columns: { restoredAt: now }, material: null, now })
    })
    await updateRestoredKeys(
      tx,
      sealed.map(({ after }) => after.row),
    )
    const events = sealed.map(({ after: { row }, keyState }) => {
      const context = startAuditContext(operatorIn(row.projectId), 'RESTORE_BACKUP')
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

/** After a restore no version has made fewer encryptions than this, as far as they are counted. */
export function leastGivenUp(): number {
  return Math.min(...[...countedAlgorithms().keys()].map((max) => Math.floor(max / 2)))
}

/** Who restores backups, as the audit trail of a project names it. */
export function operatorIn(projectId: string): AuditActor {
  return {
    projectId,
    subject: formatSubject('SYSTEM', 'operator'),
    tokenId: null,
    clientAddress: null,
    requestId: newUuid(),
  }
}

function highestOf({ lastVersionNumber, skippedVersions }: KeyRow): number {
  return Math.max(lastVersionNumber, skippedVersions.at(-1) ?? 0)
}

/** The numbers that a key leaves out, with those after its newest version up to a number. */
function skippedUpTo({ lastVersionNumber, skippedVersions }: KeyRow, last: number): readonly number[] {
  if (last > highestSkipped) throw new VersionNumbersUsedUpError()
  const first = lastVersionNumber + 1
  // Numbers that an earlier restore left out, after which no version was made, are among them.
  return [...skippedVersions.filter((bound) => bound < first), first, last]
}

/** Algorithms whose encryptions are counted, by how many there may be of one version. */
function countedAlgorithms(): ReadonlyMap<number, readonly string[]> {
  const counted = algorithms.flatMap(({ name, capabilities: { ENCRYPT_DECRYPT: capability } }) =>
    capability?.kind === 'aead' && capability.encryptionsMax !== null
      ? [{ name, max: capability.encryptionsMax }]
      : [],
  )
  const groups = Map.groupBy(counted, ({ max }) => max)
  return new Map([...groups].map(([max, group]) => [max, group.map(({ name }) => name)]))
}

/** A number of a range of less than 2^32, both ends included: also of a copied machine another one (see `freshRandomBytes`). */
function randomNumber(min: number, max: number): number {
  return min + (freshRandomBytes(6).readUIntBE(0, 6) % (max - min + 1))
}
