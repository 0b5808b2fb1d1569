import type { AuditAction } from '../../audit/events.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { accessFactsOf, userKeyView } from '../reading/make-views.ts'
import { viewSettings } from '../reading/verified-rows.ts'
import type { UserKeyView } from '../reading/views.ts'
import { canView } from '../rules/access.ts'
import { canonicalSubject, type RequestContext, subjectSet } from '../rules/caller.ts'
import { LockoutError } from '../rules/errors.ts'
import {
  allowedSubjectsMax,
  checkListedSubjects,
  checkSubjects,
  InputIssues,
  requireInput,
} from '../rules/input.ts'
import { changeUserKey, type Expecting, type KeyInput, withColumns } from './change-key.ts'

export interface AccessListInput extends Expecting {
  readonly keyId: string
  readonly subjects: readonly string[]
  readonly allowLockout?: boolean | null | undefined
}

/** Limits a key to its owner and the given subjects. */
export function enableAccessControl(
  parts: Dependencies,
  call: RequestContext,
  input: AccessListInput,
): Promise<UserKeyView> {
  return changeAccessList(parts, call, {
    input,
    action: 'ENABLE_ACCESS_CONTROL',
    whileEnabled: false,
    listOf: () => input.subjects,
  })
}

/** Adds subjects to the list of a key. */
export function addAllowedSubjects(
  parts: Dependencies,
  call: RequestContext,
  input: AccessListInput,
): Promise<UserKeyView> {
  return changeAccessList(parts, call, {
    input,
    action: 'ADD_ALLOWED_SUBJECTS',
    whileEnabled: true,
    listOf: (before) => [...before, ...input.subjects],
  })
}

/** Removes subjects from the list of a key. Subjects that are not on it are ignored. */
export function removeAllowedSubjects(
  parts: Dependencies,
  call: RequestContext,
  input: AccessListInput,
): Promise<UserKeyView> {
  return changeAccessList(parts, call, {
    input,
    action: 'REMOVE_ALLOWED_SUBJECTS',
    whileEnabled: true,
    check: checkListedSubjects,
    listOf(before) {
      const removed = new Set(input.subjects.map(canonicalSubject))
      return before.filter((subject) => !removed.has(canonicalSubject(subject)))
    },
  })
}

/** Switches access control off: roles alone decide who has access. The list is cleared. */
export async function disableAccessControl(
  parts: Dependencies,
  call: RequestContext,
  input: KeyInput,
): Promise<UserKeyView> {
  const changed = await changeUserKey(parts, call, {
    action: 'DISABLE_ACCESS_CONTROL',
    keyId: input.keyId,
    expectedRevision: input.expectedRevision,
    decide(key) {
      requireAccessControl(key, true)
      return withColumns(key, { accessControlEnabled: false, allowedSubjects: [] })
    },
  })
  return keyAfterAccessChange(parts, call, changed)
}

interface AccessListChange {
  readonly input: AccessListInput
  readonly action: AuditAction
  readonly whileEnabled: boolean
  readonly listOf: (before: readonly string[]) => readonly string[]
  /** Check of the given subjects; `checkSubjects` by default. */
  readonly check?: typeof checkSubjects
}

async function changeAccessList(
  parts: Dependencies,
  call: RequestContext,
  change: AccessListChange,
): Promise<UserKeyView> {
  const { keyId, expectedRevision, subjects, allowLockout } = change.input
  const check = change.check ?? checkSubjects
  const changed = await changeUserKey(parts, call, {
    action: change.action,
    keyId,
    expectedRevision,
    details: { subjects: subjects.map(canonicalSubject).join(' ') },
    checkInput() {
      const issues = new InputIssues()
      check(issues, subjects, 'subjects')
      issues.throwIfAny()
    },
    decide(key) {
      requireAccessControl(key, change.whileEnabled)
      const allowedSubjects = subjectSet(change.listOf(key.row.allowedSubjects))
      requireInput(
        allowedSubjects.length <= allowedSubjectsMax,
        'subjects',
        `would make the list longer than ${allowedSubjectsMax} entries`,
      )
      const after = { ...accessFactsOf(key.row), accessControlEnabled: true, allowedSubjects }
      if (allowLockout !== true && !canView(call.caller, after)) throw LockoutError.ofKey()
      return withColumns(key, { accessControlEnabled: true, allowedSubjects })
    },
  })
  return keyAfterAccessChange(parts, call, changed)
}

function requireAccessControl(key: WholeKey, enabled: boolean): void {
  requireInput(
    key.row.accessControlEnabled === enabled,
    'keyId',
    enabled
      ? 'must name a key with access control on; call enableAccessControl first'
      : 'must name a key with access control off; change its list with addAllowedSubjects and removeAllowedSubjects',
  )
}

/** View of a key whose access has changed: redacted if the caller has locked itself out. */
function keyAfterAccessChange(parts: Dependencies, call: RequestContext, key: WholeKey): UserKeyView {
  return userKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}
