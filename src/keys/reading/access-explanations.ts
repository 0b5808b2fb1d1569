import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { findReferencedRow } from '../parts/key-references.ts'
import { requireRoleFor } from '../parts/request.ts'
import {
  type AccessFacts,
  accessFactsOf,
  permissionsOfRoles,
  permissionsOn,
  visibilityOf,
} from '../rules/access.ts'
import { entriesOf } from '../rules/access-list.ts'
import {
  type AccessExplanation,
  type AccessQuestion,
  type ExplainedOperation,
  explainAccess,
  type SupposedCaller,
} from '../rules/access-reasons.ts'
import { callerKinds, type RequestContext, readSubject, subjectSet } from '../rules/caller.ts'
import { checkContext } from '../rules/encryption-context.ts'
import { checkGroups, InputIssues } from '../rules/input.ts'
import { isAuthenticKey } from './verified-rows.ts'

/** Maximum of supposed groups. */
export const supposedGroupsMax = 200

/** Question about access to a key. */
export interface ExplainMyAccessInput {
  /** ID, name or alias. */
  readonly key: string
  readonly operation: ExplainedOperation
  /** Empty for none; null if it is not known. */
  readonly context: EncryptionContext | null
}

/** Question about the access of somebody to a key. */
export interface ExplainAccessInput extends SupposedCaller, ExplainMyAccessInput {}

/** Explains somebody's access to a caller who may manage the key; null for all other callers, whatever the ID names. */
export async function explainAccessTo(
  parts: Dependencies,
  call: RequestContext,
  { key: reference, operation, context, ...supposed }: ExplainAccessInput,
): Promise<AccessExplanation | null> {
  requireRoleFor(call, 'VIEW')
  const key = await findKeyInQuestion(parts, call, reference)
  if (key === null || !permissionsOn(call.caller, key.facts).includes('MANAGE')) return null
  checkSupposed(supposed)
  checkSupposedContext(context)
  // Others learn nothing of bindings, not even by asking about many groups.
  const given = permissionsOfRoles(call.caller)
  const mayKnow = given.includes('MANAGE_ROLES') || given.includes('READ_AUDIT')
  const bound = mayKnow ? await parts.callerRoles.bindingsIn(call.caller.projectId) : null
  return explainAccess({ ...questionAbout(key), operation, context, bound }, supposed)
}

/** Explains the caller's own access to a key, as far as it may see the key; null for a key that it cannot know of. */
export async function explainMyAccess(
  parts: Dependencies,
  call: RequestContext,
  { key: reference, operation, context }: ExplainMyAccessInput,
): Promise<AccessExplanation | null> {
  requireRoleFor(call, 'VIEW')
  const { caller } = call
  const key = await findKeyInQuestion(parts, call, reference)
  const visibility = key === null ? 'absent' : visibilityOf(caller, key.facts)
  if (key === null || visibility === 'absent') return null
  checkSupposedContext(context)
  const boundRoles = caller.boundRoles ?? new Set()
  const question = {
    ...(visibility === 'full' ? questionAbout(key) : nothingKnown(key.facts)),
    operation,
    context,
    bound: [...boundRoles].map((role) => ({ subject: caller.subject, role })),
  }
  const roles = [...caller.roles.difference(boundRoles)]
  return explainAccess(question, { subject: caller.subject, groups: caller.groups, roles })
}

interface KeyInQuestion {
  readonly row: KeyRow
  readonly facts: AccessFacts
  readonly now: Date
}

async function findKeyInQuestion(
  parts: Dependencies,
  call: RequestContext,
  reference: string,
): Promise<KeyInQuestion | null> {
  const row = await findReferencedRow(parts, call.caller.projectId, reference)
  if (row === null || row.kind !== 'USER' || !isAuthenticKey(parts, row)) return null
  const now = parts.clock.now()
  return { row, facts: accessFactsOf(row, now), now }
}

type Known = Pick<AccessQuestion, 'facts' | 'expired' | 'usage'>

function questionAbout({ row, facts, now }: KeyInQuestion): Known {
  return {
    facts: { ...facts, allowedSubjects: subjectSet(facts.allowedSubjects) },
    expired: entriesOf(row).filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now),
    usage: row.usage,
  }
}

/** What a caller knows of a key that is redacted for it. */
function nothingKnown({ kind, projectId, accessControlEnabled }: AccessFacts): Known {
  const facts = { kind, projectId, accessControlEnabled, owner: null, allowedSubjects: [], accessEntries: [] }
  return { facts, expired: [], usage: null }
}

function checkSupposedContext(context: EncryptionContext | null): void {
  const issues = new InputIssues()
  if (context !== null && context.length > 0) checkContext(issues, context, 'context')
  issues.throwIfAny()
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
