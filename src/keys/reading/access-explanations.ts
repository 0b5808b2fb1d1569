import { parseKeyId } from '../../ids.ts'
import { findKey } from '../../store/rows/key-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { requireRoleFor } from '../parts/request.ts'
import { permissionsOfRoles, permissionsOn } from '../rules/access.ts'
import {
  type AccessExplanation,
  type ExplainedOperation,
  explainAccess,
  type SupposedCaller,
} from '../rules/access-reasons.ts'
import { callerKinds, type RequestContext, readSubject, subjectSet } from '../rules/caller.ts'
import { checkGroups, InputIssues } from '../rules/input.ts'
import { accessFactsOf } from './make-views.ts'
import { isAuthenticKey } from './verified-rows.ts'

/** Maximum of supposed groups. */
export const supposedGroupsMax = 200

/** Question about the access of somebody to a key. */
export interface ExplainAccessInput extends SupposedCaller {
  readonly keyId: string
  readonly operation: ExplainedOperation
}

/** Explains somebody's access to a caller who may manage the key; null for all other callers, whatever the ID names. */
export async function explainAccessTo(
  parts: Dependencies,
  call: RequestContext,
  { keyId, operation, ...supposed }: ExplainAccessInput,
): Promise<AccessExplanation | null> {
  requireRoleFor(call, 'VIEW')
  const id = parseKeyId(keyId)
  const row = id && (await findKey(parts.store.db, { projectId: call.caller.projectId, ...id }))
  if (row === null || row.kind !== 'USER' || !isAuthenticKey(parts, row)) return null
  const facts = accessFactsOf(row)
  if (!permissionsOn(call.caller, facts).includes('MANAGE')) return null
  checkSupposed(supposed)
  // Others learn nothing of bindings, not even by asking about many groups.
  const given = permissionsOfRoles(call.caller)
  const mayKnow = given.includes('MANAGE_ROLES') || given.includes('READ_AUDIT')
  const bound = mayKnow ? await parts.callerRoles.bindingsIn(call.caller.projectId) : null
  return explainAccess(
    { ...facts, allowedSubjects: subjectSet(facts.allowedSubjects) },
    supposed,
    operation,
    bound,
  )
}

function checkSupposed({ subject, groups }: SupposedCaller): void {
  const issues = new InputIssues()
  const given = readSubject(subject, callerKinds)
  if ('fault' in given) issues.require(false, 'subject', `${given.fault}; name groups in \`groups\``)
  issues.require(
    (groups ?? []).length <= supposedGroupsMax,
    'groups',
    `must have at most ${supposedGroupsMax} entries`,
  )
  issues.throwIfAny()
  checkGroups(issues, groups ?? [], 'groups')
  issues.throwIfAny()
}
