import { findAlgorithm } from '../../crypto/algorithms.ts'
import type { KeyUsage } from '../../crypto/capabilities.ts'
import { sortedContext } from '../../crypto/encryption-context.ts'
import type { StoredAccessEntry, StoredAccessList } from '../../store/subjects.ts'
import { type AccessEntry, listedPermissions, type OperationPermission, readEntry } from './access.ts'
import { canonicalSubject, readSubject, subjectSet } from './caller.ts'
import { checkContext } from './encryption-context.ts'
import { accessEntriesMax, allowedSubjectsMax, checkExpiry, checkNote, type InputIssues } from './input.ts'

/** Most characters of all entries of a list that say more than who, as they are stored: lists and trails read them. */
const entriesCharactersMax = 32 * 1024

/** Operations of keys of a usage. */
const operationsByUsage: Readonly<Record<KeyUsage, readonly OperationPermission[]>> = {
  ENCRYPT_DECRYPT: ['ENCRYPT', 'DECRYPT'],
  SIGN_VERIFY: ['SIGN', 'VERIFY'],
  GENERATE_VERIFY_MAC: ['GENERATE_MAC', 'VERIFY_MAC'],
  KEY_ENCAPSULATION: ['ENCAPSULATE', 'DECAPSULATE'],
  KEY_AGREEMENT: ['DERIVE'],
}

/** Facts of a key that say which operations it can do. */
export interface KeyPurpose {
  readonly usage: string
  readonly algorithm: string
}

/** Checks whether keys of this usage have the operation. */
export function hasOperation({ usage }: Pick<KeyPurpose, 'usage'>, permission: string): boolean {
  return operationsOf(usage).some((each) => each === permission)
}

function operationsOf(usage: string): readonly OperationPermission[] {
  // Only values of the algorithm table are ever written.
  return operationsByUsage[usage as KeyUsage]
}

/** The entry of a subject that may do what its roles give. */
export function plainEntry(subject: string): AccessEntry {
  return { subject, permissions: null, context: null, expiresAt: null, note: '' }
}

function isPlain({ permissions, context, expiresAt, note }: AccessEntry): boolean {
  return permissions === null && context === null && expiresAt === null && note === ''
}

/** All entries of a stored list, also those that have expired, by subject. */
export function entriesOf({ allowedSubjects, accessEntries }: StoredAccessList): readonly AccessEntry[] {
  const entries = [...subjectSet(allowedSubjects).map(plainEntry), ...accessEntries.map(readEntry)]
  return entries.sort((a, b) => (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0))
}

/** The stored form of a list: each entry once. */
export function storedList(entries: readonly AccessEntry[]): StoredAccessList {
  const texts = entries.filter((entry) => !isPlain(entry)).map((entry) => JSON.stringify(writeEntry(entry)))
  return {
    allowedSubjects: subjectSet(entries.filter(isPlain).map(({ subject }) => subject)),
    accessEntries: [...new Set(texts)].sort().map((text) => JSON.parse(text) as StoredAccessEntry),
  }
}

function writeEntry({ subject, permissions, context, expiresAt, note }: AccessEntry): StoredAccessEntry {
  return {
    subject: canonicalSubject(subject),
    // Whoever has an entry sees the key.
    permissions:
      permissions && listedPermissions.filter((each) => each === 'VIEW' || permissions.includes(each)),
    context: context && sortedContext(context),
    expiresAt: expiresAt?.toISOString() ?? null,
    note,
  }
}

/** Checks entries for the list of a key. */
export function checkEntries(
  issues: InputIssues,
  { entries, path, key, now }: { entries: readonly AccessEntry[]; path: string; key: KeyPurpose; now: Date },
): void {
  issues.require(entries.length <= accessEntriesMax, path, `must have at most ${accessEntriesMax} entries`)
  if (entries.length > accessEntriesMax) return
  for (const [index, entry] of entries.entries()) {
    const at = `${path}.${index}`
    const given = readSubject(entry.subject)
    if ('fault' in given) issues.require(false, `${at}.subject`, given.fault)
    checkListedPermissions(issues, entry, `${at}.permissions`, key)
    checkCondition(issues, entry, `${at}.context`, key)
    checkExpiry(issues, entry.expiresAt, `${at}.expiresAt`, now)
    checkNote(issues, entry.note, `${at}.note`)
  }
}

function checkListedPermissions(
  issues: InputIssues,
  { permissions }: AccessEntry,
  path: string,
  { usage }: KeyPurpose,
): void {
  if (permissions === null) return
  const most = listedPermissions.length
  issues.require(permissions.length <= most, path, `must have at most ${most} entries`)
  if (permissions.length > most) return
  const operations = operationsOf(usage)
  issues.require(
    permissions.some((each) => each !== 'MANAGE'),
    path,
    'must have VIEW or an operation; leave it out for all that the roles of the subject give',
  )
  const foreign = permissions.filter(
    (each) => each !== 'VIEW' && each !== 'MANAGE' && !hasOperation({ usage }, each),
  )
  issues.require(
    foreign.length === 0,
    path,
    `must not have ${foreign[0]}: the operations of a key with usage ${usage} are ${operations.join(' and ')}`,
  )
}

function checkCondition(
  issues: InputIssues,
  { permissions, context }: AccessEntry,
  path: string,
  { usage, algorithm }: KeyPurpose,
): void {
  if (context === null) return
  const kind = findAlgorithm(algorithm)?.capabilities[usage as KeyUsage]?.kind
  issues.require(
    kind === 'aead',
    path,
    'must be left out: only symmetric keys for ENCRYPT_DECRYPT take an encryption context',
  )
  issues.require(
    permissions === null || permissions.includes('ENCRYPT') || permissions.includes('DECRYPT'),
    path,
    'needs ENCRYPT or DECRYPT among the permissions: only these operations have a context',
  )
  checkContext(issues, context, path)
}

/** Fault of a list as a whole, in words that begin with "would"; null if there is none. */
export function listFault(entries: readonly AccessEntry[]): string | null {
  if (entries.length > allowedSubjectsMax)
    return `would make the list longer than ${allowedSubjectsMax} entries`
  const { accessEntries } = storedList(entries)
  if (accessEntries.length > accessEntriesMax)
    return `would give the list more than ${accessEntriesMax} entries that say more than who`
  return JSON.stringify(accessEntries).length <= entriesCharactersMax
    ? null
    : `would make the list longer than ${entriesCharactersMax} characters; use groups, or fewer conditions`
}
