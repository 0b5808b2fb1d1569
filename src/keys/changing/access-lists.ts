import type { AuditAction, AuditDetails } from '../../audit/events.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { userKeyView } from '../reading/make-views.ts'
import { viewSettings } from '../reading/verified-rows.ts'
import type { UserKeyView } from '../reading/views.ts'
import {
  type AccessEntry,
  accessFactsOf,
  canTransfer,
  type KeyPermission,
  permissionsOn,
} from '../rules/access.ts'
import {
  checkEntries,
  entriesOf,
  type KeyPurpose,
  listFault,
  plainEntry,
  storedList,
} from '../rules/access-list.ts'
import { canonicalSubject, type RequestContext, readSubject } from '../rules/caller.ts'
import { LockoutError } from '../rules/errors.ts'
import { checkListedSubjects, checkSubjects, InputIssues, inForce, requireInput } from '../rules/input.ts'
import { changeUserKey, type KeyInput, withColumns } from './change-key.ts'
import { stateOf } from './locked-key.ts'

interface AllowingLockout {
  readonly allowLockout?: boolean | null | undefined
}

/** An entry as a caller gives it. What is null or absent says nothing more. */
export type AccessEntryInput = Pick<AccessEntry, 'subject'> & {
  readonly [Field in keyof Omit<AccessEntry, 'subject'>]?: AccessEntry[Field] | null | undefined
}

/** Entries that a caller gives: subjects that may do what their roles give, and entries that say more. */
export interface GivenEntries {
  readonly subjects?: readonly string[] | null | undefined
  readonly entries?: readonly AccessEntryInput[] | null | undefined
}

/** Change of the list of a key. */
export interface AccessListInput extends KeyInput, AllowingLockout, GivenEntries {}

/** Subjects to remove from the list of a key. */
export interface RemoveSubjectsInput extends KeyInput, AllowingLockout {
  readonly subjects: readonly string[]
}

/** Another owner for a key. */
export interface TransferOwnershipInput extends KeyInput, AllowingLockout {
  /** Subject string. */
  readonly to: string
}

/** Limits a key to its owner and the given entries. */
export function enableAccessControl(
  parts: Dependencies,
  call: RequestContext,
  input: AccessListInput,
): Promise<UserKeyView> {
  return changeAccessList(parts, call, {
    input,
    action: 'ENABLE_ACCESS_CONTROL',
    whileEnabled: false,
    check: (issues, row) => checkInputEntries(parts, issues, input, row),
    listOf: () => entriesGiven(input),
  })
}

/** Adds entries to the list of a key. Those of a subject replace the ones that it had. */
export function addAllowedSubjects(
  parts: Dependencies,
  call: RequestContext,
  input: AccessListInput,
): Promise<UserKeyView> {
  return changeAccessList(parts, call, {
    input,
    action: 'ADD_ALLOWED_SUBJECTS',
    whileEnabled: true,
    check(issues, row) {
      issues.require(
        (input.subjects ?? input.entries ?? null) !== null,
        'subjects',
        'or entries must be given',
      )
      checkInputEntries(parts, issues, input, row)
    },
    listOf: (before) => addEntries(before, entriesGiven(input)),
  })
}

/** Removes all entries of subjects from the list of a key. Subjects that are not on it are ignored. */
export function removeAllowedSubjects(
  parts: Dependencies,
  call: RequestContext,
  input: RemoveSubjectsInput,
): Promise<UserKeyView> {
  const removed = new Set(input.subjects.map(canonicalSubject))
  return changeAccessList(parts, call, {
    input,
    action: 'REMOVE_ALLOWED_SUBJECTS',
    whileEnabled: true,
    check: (issues) => checkListedSubjects(issues, input.subjects, 'subjects'),
    listOf: (before) => before.filter(({ subject }) => !removed.has(subject)),
  })
}

/** Switches access control off: roles alone decide who has access. The list is cleared. */
export async function disableAccessControl(
  parts: Dependencies,
  call: RequestContext,
  input: KeyInput & AllowingLockout,
): Promise<UserKeyView> {
  const { key: of, expectedRevision, allowLockout } = input
  const changed = await changeUserKey(parts, call, {
    action: 'DISABLE_ACCESS_CONTROL',
    of,
    expectedRevision,
    decide(key, { now }) {
      requireAccessControl(key, true)
      const columns = { accessControlEnabled: false, ...storedList([]) }
      // A service agent needs an entry.
      const after = { ...key.row, ...columns }
      if (allowLockout !== true) requireToKeep(call, ['VIEW', 'MANAGE'], { before: key.row, after, now })
      return withColumns(key, columns)
    },
  })
  return keyAfterAccessChange(parts, call, changed)
}

/** Gives a key to another owner. The list stays as it is. */
export async function transferOwnership(
  parts: Dependencies,
  call: RequestContext,
  input: TransferOwnershipInput,
): Promise<UserKeyView> {
  const { key: of, expectedRevision, allowLockout } = input
  const owner = canonicalSubject(input.to)
  const changed = await changeUserKey(parts, call, {
    action: 'TRANSFER_OWNERSHIP',
    permission: canTransfer,
    of,
    expectedRevision,
    checkInput() {
      const given = readSubject(input.to)
      if ('fault' in given) requireInput(false, 'to', given.fault)
    },
    detailsOf: ({ row }) => ({ from: row.owner ?? '', to: owner }),
    decide(key, { now }) {
      if (key.row.owner === owner) return { state: stateOf(key) }
      // Whoever gives a key away may lose MANAGE with it.
      const after = { ...key.row, owner }
      if (allowLockout !== true) requireToKeep(call, ['VIEW'], { before: key.row, after, now })
      return withColumns(key, { owner })
    },
  })
  return keyAfterAccessChange(parts, call, changed)
}

interface AccessListChange {
  readonly input: KeyInput & AllowingLockout & GivenEntries
  readonly action: AuditAction
  readonly whileEnabled: boolean
  readonly listOf: (before: readonly AccessEntry[]) => readonly AccessEntry[]
  readonly check: (issues: InputIssues, row: KeyRow) => void
}

async function changeAccessList(
  parts: Dependencies,
  call: RequestContext,
  { input, action, whileEnabled, listOf, check }: AccessListChange,
): Promise<UserKeyView> {
  const { key: of, expectedRevision, allowLockout } = input
  const changed = await changeUserKey(parts, call, {
    action,
    of,
    expectedRevision,
    details: detailsOfEntries(input),
    checkInput(row) {
      const issues = new InputIssues()
      check(issues, row)
      issues.throwIfAny()
    },
    decide(key, { now }) {
      requireAccessControl(key, whileEnabled)
      // Expired ones are dropped with the next change.
      const entries = listOf(inForce(entriesOf(key.row), now))
      const fault = listFault(entries)
      requireInput(fault === null, input.entries ? 'entries' : 'subjects', fault ?? '')
      const columns = { accessControlEnabled: true, ...storedList(entries) }
      const after = { ...key.row, ...columns }
      if (allowLockout !== true) requireToKeep(call, ['VIEW', 'MANAGE'], { before: key.row, after, now })
      return withColumns(key, columns)
    },
  })
  return keyAfterAccessChange(parts, call, changed)
}

/** The entries of an input. */
export function entriesGiven({ subjects, entries }: GivenEntries): readonly AccessEntry[] {
  const full = (entries ?? []).map(({ subject, permissions, context, expiresAt, note }) => ({
    subject: canonicalSubject(subject),
    permissions: permissions ?? null,
    context: context ?? null,
    expiresAt: expiresAt ?? null,
    note: note ?? '',
  }))
  return [...(subjects ?? []).map((subject) => plainEntry(canonicalSubject(subject))), ...full]
}

function checkInputEntries(
  { clock }: Dependencies,
  issues: InputIssues,
  input: GivenEntries,
  key: KeyPurpose,
): void {
  const paths = { subjects: 'subjects', entries: 'entries' }
  checkGivenEntries(issues, input, { key, now: clock.now(), paths })
}

/** Checks entries for the list of a key. */
export function checkGivenEntries(
  issues: InputIssues,
  given: GivenEntries,
  { key, now, paths }: { key: KeyPurpose; now: Date; paths: { subjects: string; entries: string } },
): void {
  const subjects = given.subjects ?? []
  const entries = entriesGiven({ entries: given.entries })
  checkSubjects(issues, subjects, paths.subjects)
  checkEntries(issues, { entries, path: paths.entries, key, now })
  if (issues.hasAny) return
  const plain = new Set(subjects.map(canonicalSubject))
  for (const [index, { subject }] of entries.entries()) {
    const path = `${paths.entries}.${index}.subject`
    issues.require(!plain.has(subject), path, `must not be in ${paths.subjects} as well`)
  }
  const fault = listFault(entriesGiven(given))
  issues.require(fault === null, entries.length > 0 ? paths.entries : paths.subjects, fault ?? '')
}

function addEntries(before: readonly AccessEntry[], given: readonly AccessEntry[]): readonly AccessEntry[] {
  const replaced = new Set(given.map(({ subject }) => subject))
  return [...before.filter(({ subject }) => !replaced.has(subject)), ...given]
}

/** Details of the audit event of a change that gives entries. */
export function detailsOfEntries(given: GivenEntries): AuditDetails {
  const { allowedSubjects, accessEntries } = storedList(entriesGiven(given))
  return {
    subjects: allowedSubjects.join(' '),
    ...(accessEntries.length > 0 && { entries: JSON.stringify(accessEntries) }),
  }
}

/** Throws LockoutError if the caller has one of the permissions on the key before a change, and not after it. */
function requireToKeep(
  call: RequestContext,
  permissions: readonly KeyPermission[],
  { before, after, now }: { before: KeyRow; after: KeyRow; now: Date },
): void {
  const had = permissionsOn(call.caller, accessFactsOf(before, now))
  const has = permissionsOn(call.caller, accessFactsOf(after, now))
  if (permissions.some((each) => had.includes(each) && !has.includes(each))) throw LockoutError.ofKey()
}

function requireAccessControl(key: WholeKey, enabled: boolean): void {
  requireInput(
    key.row.accessControlEnabled === enabled,
    'key',
    enabled
      ? 'must name a key with access control on; call enableAccessControl first'
      : 'must name a key with access control off; change its list with addAllowedSubjects and removeAllowedSubjects',
  )
}

/** View of a key whose access has changed: redacted if the caller has locked itself out. */
function keyAfterAccessChange(parts: Dependencies, call: RequestContext, key: WholeKey): UserKeyView {
  return userKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}
