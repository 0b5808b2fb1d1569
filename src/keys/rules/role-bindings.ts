import { type Role, readSubject, roles } from './caller.ts'
import { checkExpiry, checkNote, InputIssues } from './input.ts'

/** Most bindings of one project. */
export const roleBindingsMax = 1000
/** Kinds of subjects that can be bound to a role. Service agents have those of their groups. */
export const boundKinds = ['USER', 'GROUP', 'SERVICE_ACCOUNT'] as const

/** A role that a subject has in a project beside those of its tokens. */
export interface RoleBinding {
  /** UUID; that of the binding which this one replaced, if it did. */
  readonly id: string
  /** Subject string. */
  readonly subject: string
  readonly role: Role
  /** Null for a binding that does not expire. */
  readonly expiresAt: Date | null
  /** For people; may be empty. */
  readonly note: string
  /** Subject string. */
  readonly createdBy: string
  readonly createdAt: Date
}

/** Subject and role of a binding. There is one binding of each pair. */
export type BindingName = Pick<RoleBinding, 'subject' | 'role'>

/** Checks whether two bindings are of the same subject and role. */
export function isSameBinding(a: BindingName, b: BindingName): boolean {
  return a.subject === b.subject && a.role === b.role
}

/** Checks whether a text is the name of a role. */
export function isRole(text: string): text is Role {
  return roles.some((role) => role === text)
}

/**
 * Checks whether a change of bindings leaves the project without an administrator earlier than before. A group counts as
 * an administrator, since its members are not known here.
 */
export function losesAdministrator(before: readonly RoleBinding[], after: readonly RoleBinding[]): boolean {
  return administeredUntil(after) < administeredUntil(before)
}

/** The moment until which a project has a bound administrator, in milliseconds: infinite where one does not expire. */
function administeredUntil(bindings: readonly RoleBinding[]): number {
  const ends = bindings
    .filter(({ role }) => role === 'PROJECT_ADMIN')
    .map(({ expiresAt }) => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY)
  return Math.max(Number.NEGATIVE_INFINITY, ...ends)
}

/**
 * Checks a binding that is to be made.
 *
 * @throws InputValidationError
 */
export function checkBinding(
  { subject, expiresAt, note }: Pick<RoleBinding, 'subject' | 'expiresAt' | 'note'>,
  now: Date,
): void {
  const issues = new InputIssues()
  checkBoundSubject(issues, subject, 'subject')
  checkExpiry(issues, expiresAt, 'expiresAt', now)
  checkNote(issues, note, 'note')
  issues.throwIfAny()
}

/** Checks the subject of a binding. */
export function checkBoundSubject(issues: InputIssues, subject: string, path: string): void {
  const given = readSubject(subject, boundKinds)
  issues.require(!('fault' in given), path, 'fault' in given ? given.fault : '')
}
