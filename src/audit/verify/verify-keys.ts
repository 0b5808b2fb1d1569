import { findAlgorithm } from '../../crypto/algorithms.ts'
import { formatId, type IdKind } from '../../ids.ts'
import type { AuditEventRow } from '../../store/audit/event-rows.ts'
import {
  type AuditedKey,
  type AuditedKind,
  findAuditedKeys,
  findVanishedKeys,
  type RecordedChange,
} from '../../store/audit/key-history-rows.ts'
import { inPages, lowestUuid } from '../../store/pages.ts'
import type { Queryable } from '../../store/sql.ts'
import type { ChainMac } from '../chain.ts'
import { type AuditAction, destroyedVersionsOf, keyStateOf } from '../events.ts'
import { type Finding, otherFinding } from './finding.ts'

const pageSize = 100

/** Parts that keys are compared with. */
export interface KeyCheck {
  readonly chainMac: ChainMac
  /** Encryptions that are on record. */
  readonly encryptions: EncryptionTally
}

/** Compares the rows of keys, and role bindings, with what is on record of them, page by page. */
export async function* verifyKeys(
  db: Queryable,
  check: KeyCheck,
): AsyncGenerator<{ readonly keys: number; readonly findings: readonly Finding[] }> {
  const keyOf = ({ id }: { readonly id: string }) => id
  const found = inPages({
    after: lowestUuid,
    find: (after) => findAuditedKeys(db, { after, max: pageSize }),
    keyOf,
  })
  for await (const page of found) {
    const keys = page.filter(({ kind }) => kind !== 'ROLES').length
    yield { keys, findings: page.flatMap((key) => checkKey(key, check)) }
  }
  const vanished = inPages({
    after: lowestUuid,
    find: (after) => findVanishedKeys(db, { after, max: pageSize }),
    keyOf,
  })
  for await (const page of vanished) {
    yield {
      keys: 0,
      findings: page.map((each) =>
        otherFinding(
          each.kind === 'ROLES'
            ? `${nameOf(each)} are gone`
            : `${nameOf(each)} is gone, though it was not deleted or its deletion left a row`,
        ),
      ),
    }
  }
}

const idKinds: Readonly<Record<AuditedKind, IdKind>> = {
  USER: 'userKey',
  SERVICE: 'serviceKey',
  ROLES: 'projectRoles',
}

function nameOf({ kind, id }: Pick<AuditedKey, 'kind' | 'id'>): string {
  return `${kind === 'ROLES' ? 'role bindings' : 'key'} ${formatId(idKinds[kind], id)}`
}

/** Differences between one key, or the role bindings of a project, and the trail. */
export function checkKey(key: AuditedKey, { chainMac, encryptions }: KeyCheck): Finding[] {
  const name = key.isDeleted ? `what is kept of the deleted ${nameOf(key)}` : nameOf(key)
  if (key.pruned.some((row) => !isAuthenticPruned(chainMac, key.id, row))) {
    return [otherFinding(`${name}: what is kept of its pruned records was changed`)]
  }
  const { revision: newest, keyState } = newestOf(key)
  // A put-back row that an honest change followed has left two records of one revision.
  const findings = checkHistory(key, newest).map((text) => otherFinding(`${name} ${text}`))
  if (key.revision < newest) {
    return [
      ...findings,
      otherFinding(`${name} went back to revision ${key.revision}; revision ${newest} is on record`),
    ]
  }
  if (key.revision > newest) {
    return [
      ...findings,
      otherFinding(`${name} has revision ${key.revision}, but only ${newest} is on record`),
    ]
  }
  const setBack = checkVersions(key).map(otherFinding)
  findings.push(...setBack)
  if (setBack.length === 0 && keyState !== null && keyState !== stateOf(key)) {
    findings.push(otherFinding(`${name} has rows that its change to revision ${newest} did not leave`))
  }
  if (key.isDeleted) return findings
  const others = [...checkImports(key), ...checkEncryptions(key, encryptions)]
  return [...findings, ...others.map((text) => otherFinding(`${name} ${text}`))]
}

function isAuthenticPruned(
  chainMac: ChainMac,
  keyId: string,
  { keyState, mac, ...rest }: AuditedKey['pruned'][number],
): boolean {
  const state = keyState === null ? null : Buffer.from(keyState, 'hex')
  return chainMac.isAuthenticPruned({ ...rest, keyId, keyState: state, mac: Buffer.from(mac, 'hex') })
}

/** Newest recorded revision of a key, and the state in its record. */
function newestOf({ changes, pruned }: AuditedKey): { revision: number; keyState: string | null } {
  return [...changes, ...pruned].reduce(
    (newest, each) =>
      each.revision > newest.revision || (each.revision === newest.revision && newest.keyState === null)
        ? each
        : newest,
    { revision: 0, keyState: null } as { revision: number; keyState: string | null },
  )
}

/** Each change of a key has a revision of its own, one more than the change before. */
function checkHistory({ changes, pruned }: AuditedKey, newest: number): string[] {
  const findings: string[] = []
  const repeated = changes.filter(({ revision }, index) => revision === changes[index - 1]?.revision)
  for (const revision of new Set(repeated.map((change) => change.revision))) {
    findings.push(
      `has revision ${revision} on record more than once: an older row was put back before a change`,
    )
  }
  for (const revision of fallsOf(changes)) {
    findings.push(
      `has revision ${revision} on record after a higher one: an older row was put back before a change`,
    )
  }
  const prunedRecords = pruned.map(({ records }) => records)
  // Earlier releases did not count what they pruned.
  if (findings.length > 0 || prunedRecords.includes(null)) return findings
  const records = changes.length + prunedRecords.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  if (records === newest) return findings
  return [
    `has ${records} changes on record up to revision ${newest}: ${records > newest ? 'an older row was put back before a change' : 'records are missing'}`,
  ]
}

/** Revisions that are lower than one before them in the same chain. */
function fallsOf(changes: readonly RecordedChange[]): number[] {
  const falls: number[] = []
  for (const chain of Map.groupBy(changes, ({ chainId }) => chainId).values()) {
    // Records from before there were chains have no order.
    if (chain[0]?.chainId === null) continue
    let highest = 0
    for (const { revision } of chain.toSorted((a, b) => Number(a.sequence) - Number(b.sequence))) {
      // The same again is another finding.
      if (revision < highest) falls.push(revision)
      highest = Math.max(highest, revision)
    }
  }
  return falls
}

function checkVersions(key: AuditedKey): string[] {
  const { versions, changes, pruned } = key
  const last = new Map<number, number>()
  const note = (number: number, revision: number) =>
    void last.set(number, Math.max(revision, last.get(number) ?? 0))
  for (const { versionNumber, revision } of pruned) note(versionNumber, revision)
  for (const change of changes) {
    for (const number of [change.versionNumber ?? 0, ...destroyedVersionsOf(change)])
      note(number, change.revision)
  }
  return versions.flatMap(({ number, keyRevision }) => {
    const recorded = last.get(number) ?? 0
    if (keyRevision >= recorded) return []
    return [
      `version ${number} of ${nameOf(key)} went back to how revision ${keyRevision} left it; it was changed in revision ${recorded}`,
    ]
  })
}

function stateOf({ mac, versions }: AuditedKey): string {
  return keyStateOf({
    mac: Buffer.from(mac, 'hex'),
    versions: versions.map((version) => ({ number: version.number, mac: Buffer.from(version.mac, 'hex') })),
  })
}

/** Import parameters serve once. */
function checkImports({ changes, openImports }: AuditedKey): string[] {
  const used = changes.flatMap(({ importParametersId }) => importParametersId ?? [])
  const twice = used.filter((each, index) => used.indexOf(each) < index)
  const open = openImports.map((uuid) => formatId('importParameters', uuid))
  return [
    ...new Set(twice.map((each) => `has more than one import with ${each} on record: its row was put back`)),
    ...open
      .filter((each) => used.includes(each))
      .map((each) => `has import parameters ${each} that are on record as used: their row was put back`),
  ]
}

/** Encryptions are counted before they are made, so that there are never more of them on record. */
function checkEncryptions({ id, algorithm, versions }: AuditedKey, tally: EncryptionTally): string[] {
  if (!countsEncryptions(algorithm)) return []
  return versions.flatMap(({ number, encryptions }) => {
    const recorded = tally.of(id, number)
    if (recorded <= encryptions) return []
    return [
      `has ${recorded} encryptions with version ${number} on record, but its counter says ${encryptions}: it was set back`,
    ]
  })
}

function countsEncryptions(algorithm: string | null): boolean {
  const capability = findAlgorithm(algorithm ?? '')?.capabilities.ENCRYPT_DECRYPT
  return capability?.kind === 'aead' && capability.encryptionsMax !== null
}

/** Actions that count as an encryption with the key version. */
const encryptingActions: ReadonlySet<string> = new Set<AuditAction>([
  'ENCRYPT',
  'RE_ENCRYPT',
  'GENERATE_DATA_KEY',
  'GENERATE_DATA_KEY_PAIR',
  'SERVICE_ENCRYPT',
  'SERVICE_GENERATE_DATA_KEY',
])

/** Encryptions on record by version, in memory: some hundred bytes for each version that was used. */
interface EncryptionTally {
  /** Counts what verified records tell. */
  add(events: readonly AuditEventRow[]): void
  of(keyId: string, versionNumber: number): number
}

/** Starts at zero. */
export function createEncryptionTally(): EncryptionTally {
  const counts = new Map<string, number>()
  return {
    add(events) {
      for (const { action, outcome, keyId, versionNumber } of events) {
        if (keyId === null || outcome !== 'SUCCEEDED' || !encryptingActions.has(action)) continue
        const name = `${keyId} ${versionNumber}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    },
    of: (keyId, versionNumber) => counts.get(`${keyId} ${versionNumber}`) ?? 0,
  }
}
