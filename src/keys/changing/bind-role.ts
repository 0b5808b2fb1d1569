import { keyStateOf } from '../../audit/events.ts'
import { newUuid, uuidOfName } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { findRecordedStates } from '../../store/audit/key-history-rows.ts'
import { announceRoles } from '../../store/key-changes.ts'
import {
  findProjectRoles,
  lockProjectRoles,
  type ProjectRolesRow,
  readBindings,
  updateProjectRoles,
  writeBindings,
} from '../../store/rows/project-roles-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { bindingsOf, callerWith, tokenRolesOf } from '../parts/caller-roles.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  type AuditContext,
  auditContextOf,
  changeEventOf,
  observationOf,
  recordingRefusals,
  requireRoleFor,
  startAuditContext,
  systemActor,
} from '../parts/request.ts'
import { bindingView } from '../reading/role-bindings.ts'
import type { RoleBindingView } from '../reading/views.ts'
import { permissionsOfRoles } from '../rules/access.ts'
import { canonicalSubject, type RequestContext } from '../rules/caller.ts'
import { ForbiddenError, LockoutError } from '../rules/errors.ts'
import { InputIssues, inForce, requireInput } from '../rules/input.ts'
import {
  type BindingName,
  checkBinding,
  checkBoundSubject,
  isRole,
  isSameBinding,
  losesAdministrator,
  type RoleBinding,
  roleBindingsMax,
} from '../rules/role-bindings.ts'

interface AllowingLockout {
  readonly allowLockout?: boolean | null | undefined
}

/** Binding to be made. */
export interface BindRoleInput extends BindingName, AllowingLockout {
  readonly expiresAt?: Date | null | undefined
  readonly note?: string | null | undefined
}

/** Binding to be removed. */
export interface UnbindRoleInput extends BindingName, AllowingLockout {}

/** Gives a subject a role in the caller's project, or replaces when and why it has it. */
export function bindRole(
  parts: Dependencies,
  call: RequestContext,
  input: BindRoleInput,
): Promise<RoleBindingView> {
  return recordingRefusals(parts, auditContextOf(call, 'BIND_ROLE'), async (context) => {
    requireRoleFor(call, 'MANAGE_ROLES')
    return bindingView(call.caller.projectId, await bind(parts, context, input, guardOf(call, input)))
  })
}

/** Takes a bound role from a subject in the caller's project. Null if the subject did not have it by a binding. */
export function unbindRole(
  parts: Dependencies,
  call: RequestContext,
  input: UnbindRoleInput,
): Promise<RoleBindingView | null> {
  return recordingRefusals(parts, auditContextOf(call, 'UNBIND_ROLE'), async (context) => {
    requireRoleFor(call, 'MANAGE_ROLES')
    const removed = await unbind(parts, context, input, guardOf(call, input))
    return removed && bindingView(call.caller.projectId, removed)
  })
}

/** Gives a subject a role in any project, for an operator. */
export function bindRoleAsOperator(
  parts: Dependencies,
  projectId: string,
  input: BindRoleInput,
): Promise<RoleBinding> {
  const context = startAuditContext(systemActor('operator', projectId), 'BIND_ROLE')
  return recordingRefusals(parts, context, () => bind(parts, context, input, operatorGuard))
}

/** Takes a bound role from a subject in any project, for an operator. */
export function unbindRoleAsOperator(
  parts: Dependencies,
  projectId: string,
  input: UnbindRoleInput,
): Promise<RoleBinding | null> {
  const context = startAuditContext(systemActor('operator', projectId), 'UNBIND_ROLE')
  return recordingRefusals(parts, context, () => unbind(parts, context, input, operatorGuard))
}

/**
 * Removes all role bindings of any project, for an operator: also bindings that do not verify, after which none could be
 * changed.
 */
export function unbindAllRoles(parts: Dependencies, projectId: string): Promise<void> {
  const context = startAuditContext(systemActor('operator', projectId), 'UNBIND_ROLE')
  return recordingRefusals(parts, context, async () => {
    context.details = { all: true }
    await writeInTransaction(parts, context, async (tx, row) => {
      const recorded = (await findRecordedStates(tx, [row.id])).get(row.id)
      return {
        bindings: writeBindings([]),
        // One more than on record, whatever the row says.
        revision: (recorded?.revision ?? 0) + 1,
        subjects: bindingsOrNone(parts, row).map(({ subject }) => subject),
      }
    })
  })
}

/** What is asked before bindings change, under their lock. */
interface Guard {
  /** Throws unless the actor may change them, as they are now. */
  readonly mayChange: (before: readonly RoleBinding[], now: Date) => void
  /** Throws if they must not become others. */
  readonly mayBecome: (before: readonly RoleBinding[], after: readonly RoleBinding[]) => void
}

const operatorGuard: Guard = { mayChange: () => {}, mayBecome: () => {} }

/** A caller's rights are those that the locked bindings give: another administrator may have taken them a moment ago. */
function guardOf({ caller }: RequestContext, { allowLockout }: AllowingLockout): Guard {
  // Whose own token makes it an administrator can always come back.
  const isFree = allowLockout === true || tokenRolesOf(caller).has('PROJECT_ADMIN')
  return {
    mayChange(before, now) {
      const permissions = permissionsOfRoles(callerWith(before, caller, now))
      if (!permissions.includes('MANAGE_ROLES')) throw new ForbiddenError()
    },
    mayBecome(before, after) {
      if (!isFree && losesAdministrator(before, after)) throw LockoutError.ofProject()
    },
  }
}

async function bind(
  parts: Dependencies,
  context: AuditContext,
  input: BindRoleInput,
  guard: Guard,
): Promise<RoleBinding> {
  const { role, expiresAt = null, note } = input
  const wanted = { subject: canonicalSubject(input.subject), role, expiresAt, note: note ?? '' }
  checkBinding(wanted, parts.clock.now())
  context.details = {
    subject: wanted.subject,
    role,
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    ...(wanted.note !== '' && { note: wanted.note }),
  }
  const after = await changeBindings(parts, context, wanted, guard, (before, now) => {
    const known = before.find((each) => isSameBinding(each, wanted))
    if (known?.note === wanted.note && known.expiresAt?.getTime() === expiresAt?.getTime()) return before
    const others = before.filter((each) => each !== known)
    const id = known?.id ?? newUuid()
    return [...others, { ...wanted, id, createdBy: context.actor.subject, createdAt: now }]
  })
  const bound = after.find((each) => isSameBinding(each, wanted))
  if (bound === undefined) throw new TypeError('a binding is there after it was made')
  return bound
}

async function unbind(
  parts: Dependencies,
  context: AuditContext,
  { role, subject: given }: UnbindRoleInput,
  guard: Guard,
): Promise<RoleBinding | null> {
  const wanted = { subject: canonicalSubject(given), role }
  const issues = new InputIssues()
  checkBoundSubject(issues, wanted.subject, 'subject')
  issues.throwIfAny()
  context.details = wanted
  // A project that never had any gets no row for it.
  if ((await findProjectRoles(parts.store.db, context.actor.projectId)) === null) return null
  let removed: RoleBinding | null = null
  await changeBindings(parts, context, wanted, guard, (before) => {
    removed = before.find((each) => isSameBinding(each, wanted)) ?? null
    return removed === null ? before : before.filter((each) => each !== removed)
  })
  return removed
}

/**
 * Changes the bindings of a project. What has certainly expired is dropped with the change.
 *
 * @param decide returns the bindings afterwards: the same array if nothing changes
 */
async function changeBindings(
  parts: Dependencies,
  context: AuditContext,
  wanted: BindingName,
  { mayChange, mayBecome }: Guard,
  decide: (before: readonly RoleBinding[], now: Date) => readonly RoleBinding[],
): Promise<readonly RoleBinding[]> {
  let after: readonly RoleBinding[] = []
  await writeInTransaction(parts, context, async (tx, row) => {
    const { now, certainNow } = parts.clock.moment()
    await verifyAsRecorded(parts, tx, row)
    const stored = bindingsOf(row)
    const before = inForce(stored, now)
    mayChange(before, now)
    after = decide(before, now)
    if (after === before) return null
    mayBecome(before, after)
    // Bindings that count again if the clock is set back, and those of other releases.
    const resting = inForce(stored, certainNow).filter(
      (each) => !before.includes(each) && !isSameBinding(each, wanted),
    )
    const foreign = readBindings(row).filter(({ role }) => !isRole(role))
    const all = [...after, ...resting, ...foreign]
    requireInput(
      after.length < before.length || all.length <= roleBindingsMax,
      'subject',
      `would be bound by one binding more than the ${roleBindingsMax} of a project; remove others, or bind a group`,
    )
    return { bindings: writeBindings(all), revision: row.revision + 1, subjects: [wanted.subject] }
  })
  return after
}

/** Columns that a change writes, and the subjects whose roles it changes. */
interface Write extends Pick<ProjectRolesRow, 'bindings' | 'revision'> {
  readonly subjects: readonly string[]
}

/** Locks the row of a project, writes it as decided, and records the change, in one transaction. Null writes nothing. */
async function writeInTransaction(
  parts: Dependencies,
  context: AuditContext,
  decide: (tx: Queryable, row: ProjectRolesRow) => Promise<Write | null>,
): Promise<void> {
  const { store, clock, policyMac, audit, callerRoles } = parts
  const { projectId } = context.actor
  try {
    const facts = await store.transaction(async (tx) => {
      const now = clock.now()
      const row = await lockProjectRoles(tx, firstRow(parts, projectId, now))
      const write = await decide(tx, row)
      if (write === null) return null
      const { bindings, revision, subjects } = write
      const draft = { ...row, bindings, revision, updatedAt: now }
      const changed = { ...draft, mac: policyMac.projectRolesMac(draft) }
      await updateProjectRoles(tx, changed)
      for (const subject of new Set(subjects)) await announceRoles(tx, { projectId, subject })
      const known = { keyId: row.id, keyRevision: revision }
      const state = keyStateOf({ mac: changed.mac, versions: [] })
      await audit.recordIn(tx, changeEventOf({ ...context, ...known }, state))
      return known
    })
    if (facts !== null) parts.observe([observationOf(Object.assign(context, facts))])
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may have taken effect.
    callerRoles.invalidate(projectId)
  }
}

function bindingsOrNone({ policyMac }: Dependencies, row: ProjectRolesRow): readonly RoleBinding[] {
  return policyMac.isAuthenticProjectRoles(row) ? bindingsOf(row) : []
}

/** A project has one ID for ever, so that a row that is removed and made anew does not lose its history. */
function firstRow({ policyMac }: Dependencies, projectId: string, now: Date): ProjectRolesRow {
  const id = uuidOfName(`keystead project roles ${projectId}`)
  const row = { id, projectId, bindings: writeBindings([]), revision: 0, updatedAt: now }
  return { ...row, mac: policyMac.projectRolesMac(row) }
}

/** Throws IntegrityError unless locked bindings verify and are those that their newest change on record left. */
async function verifyAsRecorded(
  { policyMac }: Dependencies,
  tx: Queryable,
  row: ProjectRolesRow,
): Promise<void> {
  if (!policyMac.isAuthenticProjectRoles(row)) throw new IntegrityError('role bindings', row.id)
  const recorded = (await findRecordedStates(tx, [row.id])).get(row.id)
  const state = keyStateOf({ mac: row.mac, versions: [] })
  const isAsRecorded =
    recorded === undefined
      ? row.revision === 0
      : recorded.revision === row.revision && recorded.keyState === state
  if (!isAsRecorded) throw IntegrityError.notAsRecorded('role bindings', row.id)
}
