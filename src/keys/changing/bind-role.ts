import { keyStateOf } from '../../audit/events.ts'
import { newUuid } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { findRecordedStates } from '../../store/audit/key-history-rows.ts'
import { announceRoles } from '../../store/key-changes.ts'
import {
  lockProjectRoles,
  type ProjectRolesRow,
  updateProjectRoles,
  writeBindings,
} from '../../store/rows/project-roles-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { bindingsOf } from '../parts/caller-roles.ts'
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
import { canonicalSubject, type RequestContext } from '../rules/caller.ts'
import { LockoutError } from '../rules/errors.ts'
import { InputIssues, requireInput } from '../rules/input.ts'
import {
  type BindingName,
  bindingsInForce,
  checkBinding,
  checkBoundSubject,
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
    return bindingView(call.caller.projectId, await bind(parts, context, input, lockoutRuleFor(call, input)))
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
    const removed = await unbind(parts, context, input, lockoutRuleFor(call, input))
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
  return recordingRefusals(parts, context, () => bind(parts, context, input, allowAll))
}

/** Takes a bound role from a subject in any project, for an operator. */
export function unbindRoleAsOperator(
  parts: Dependencies,
  projectId: string,
  input: UnbindRoleInput,
): Promise<RoleBinding | null> {
  const context = startAuditContext(systemActor('operator', projectId), 'UNBIND_ROLE')
  return recordingRefusals(parts, context, () => unbind(parts, context, input, allowAll))
}

/** Throws if bindings must not become others. */
type LockoutRule = (before: readonly RoleBinding[], after: readonly RoleBinding[]) => void

const allowAll: LockoutRule = () => {}

/** Where tokens make administrators, too, a project cannot lose its last one by a change of bindings. */
function lockoutRuleFor({ caller }: RequestContext, { allowLockout }: AllowingLockout): LockoutRule {
  const isAdministratorByToken =
    caller.roles.has('PROJECT_ADMIN') && caller.boundRoles?.has('PROJECT_ADMIN') !== true
  if (allowLockout === true || isAdministratorByToken) return allowAll
  return (before, after) => {
    if (losesAdministrator(before, after)) throw LockoutError.ofProject()
  }
}

async function bind(
  parts: Dependencies,
  context: AuditContext,
  input: BindRoleInput,
  checkLockout: LockoutRule,
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
  const after = await changeBindings(parts, context, wanted, (before, now) => {
    const known = before.find((each) => isSameBinding(each, wanted))
    if (known?.note === wanted.note && known.expiresAt?.getTime() === expiresAt?.getTime()) return before
    const others = before.filter((each) => each !== known)
    requireInput(
      others.length < roleBindingsMax,
      'subject',
      `would be bound by one binding more than the ${roleBindingsMax} of a project; remove others, or bind a group`,
    )
    const id = known?.id ?? newUuid()
    const bindings = [...others, { ...wanted, id, createdBy: context.actor.subject, createdAt: now }]
    checkLockout(before, bindings)
    return bindings
  })
  const bound = after.find((each) => isSameBinding(each, wanted))
  if (bound === undefined) throw new TypeError('a binding is there after it was made')
  return bound
}

async function unbind(
  parts: Dependencies,
  context: AuditContext,
  { role, subject: given }: UnbindRoleInput,
  checkLockout: LockoutRule,
): Promise<RoleBinding | null> {
  const subject = canonicalSubject(given)
  const issues = new InputIssues()
  checkBoundSubject(issues, subject)
  issues.throwIfAny()
  context.details = { subject, role }
  let removed: RoleBinding | null = null
  await changeBindings(parts, context, { subject }, (before) => {
    removed = before.find((each) => isSameBinding(each, { subject, role })) ?? null
    if (removed === null) return before
    const others = before.filter((each) => each !== removed)
    checkLockout(before, others)
    return others
  })
  return removed
}

/**
 * Changes the bindings of a project and writes the audit event in one transaction. Expired bindings are dropped with the
 * change.
 *
 * @param decide returns the bindings afterwards: the same array if nothing changes
 */
async function changeBindings(
  parts: Dependencies,
  context: AuditContext,
  { subject }: Pick<RoleBinding, 'subject'>,
  decide: (before: readonly RoleBinding[], now: Date) => readonly RoleBinding[],
): Promise<readonly RoleBinding[]> {
  const { store, clock, policyMac, audit, callerRoles } = parts
  const { projectId } = context.actor
  try {
    return await store.transaction(async (tx) => {
      const now = clock.now()
      const row = await lockProjectRoles(tx, firstRow(parts, projectId, now))
      await verifyAsRecorded(parts, tx, row)
      const before = bindingsInForce(bindingsOf(row), now)
      const after = decide(before, now)
      if (after === before) return after
      const draft = { ...row, bindings: writeBindings(after), revision: row.revision + 1, updatedAt: now }
      const changed = { ...draft, mac: policyMac.projectRolesMac(draft) }
      await updateProjectRoles(tx, changed)
      await announceRoles(tx, { projectId, subject })
      Object.assign(context, { keyId: row.id, keyRevision: changed.revision })
      await audit.recordIn(tx, changeEventOf(context, keyStateOf({ mac: changed.mac, versions: [] })))
      return after
    })
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may have taken effect.
    callerRoles.invalidate(projectId)
    if (context.keyRevision !== null) parts.observe([observationOf(context)])
  }
}

function firstRow({ policyMac }: Dependencies, projectId: string, now: Date): ProjectRolesRow {
  const row = { id: newUuid(), projectId, bindings: writeBindings([]), revision: 0, updatedAt: now }
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
