import { formatId } from '../../ids.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { requireRoleFor } from '../parts/request.ts'
import { permissionsOfRoles } from '../rules/access.ts'
import { canonicalSubject, type RequestContext } from '../rules/caller.ts'
import { InputIssues } from '../rules/input.ts'
import { checkBoundSubject, type RoleBinding } from '../rules/role-bindings.ts'
import {
  type CursorList,
  type CursorValues,
  makePage,
  type Page,
  type PageArguments,
  planPage,
} from './pages.ts'
import type { RoleBindingView } from './views.ts'

/** Filter of role bindings. */
export interface RoleBindingFilterInput {
  /** Subject string. */
  readonly subject?: string | null | undefined
  readonly role?: readonly RoleBinding['role'][] | null | undefined
}

/** Bindings of any project that have not expired, by subject and role, for an operator. */
export async function roleBindingsAsOperator(
  { callerRoles }: Dependencies,
  projectId: string,
): Promise<readonly RoleBinding[]> {
  return inOrder(await callerRoles.bindingsIn(projectId))
}

/** Bindings of the caller's project that have not expired, by subject and role. */
export async function roleBindings(
  parts: Dependencies,
  call: RequestContext,
  page: PageArguments,
  { subject = null, role = null }: RoleBindingFilterInput,
): Promise<Page<RoleBindingView>> {
  requireRoleFor(call, 'MANAGE_ROLES')
  const { projectId } = call.caller
  const issues = new InputIssues()
  if (subject !== null) checkBoundSubject(issues, subject, 'filter.subject')
  issues.throwIfAny()
  const wanted = subject === null ? null : canonicalSubject(subject)
  const list: CursorList = {
    key: parts.cursorMac,
    name: JSON.stringify(['role bindings', projectId, wanted, role]),
  }
  const plan = planPage(page, list)
  const matching = inOrder(await parts.callerRoles.bindingsIn(projectId))
    .filter((each) => wanted === null || each.subject === wanted)
    .filter((each) => role === null || role.includes(each.role))
  const { after, before } = plan
  const between = matching
    .filter((each) => after === null || placeOf(each) > placeAt(after))
    .filter((each) => before === null || placeOf(each) < placeAt(before))
  const rows = (plan.forward ? between : between.toReversed()).slice(0, plan.size + 1)
  return makePage(rows, plan, list, {
    cursorValuesOf: (each) => [each.subject, each.role],
    itemOf: (each) => bindingView(projectId, each),
    totalCount: async () => matching.length,
  })
}

/** Bindings of the caller's project by UUID. A caller without MANAGE_ROLES runs no statement. */
export async function roleBindingsById(
  { callerRoles }: Dependencies,
  { caller }: RequestContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RoleBindingView>> {
  if (ids.length === 0 || !permissionsOfRoles(caller).includes('MANAGE_ROLES')) return new Map()
  const bindings = await callerRoles.bindingsIn(caller.projectId)
  return new Map(bindings.map((each) => [each.id, bindingView(caller.projectId, each)]))
}

/** View of a binding. */
export function bindingView(projectId: string, binding: RoleBinding): RoleBindingView {
  return { ...binding, kind: 'ROLE_BINDING', id: formatId('roleBinding', binding.id), projectId }
}

function inOrder(bindings: readonly RoleBinding[]): readonly RoleBinding[] {
  return bindings.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
}

/** Place in the list, as a text that sorts like subject and role. Neither holds a NUL. */
function placeOf({ subject, role }: RoleBinding): string {
  return placeAt([subject, role])
}

function placeAt(values: CursorValues): string {
  return values.join('\0')
}
