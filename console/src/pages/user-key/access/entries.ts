import type { Viewer } from '../../../api/viewer.ts'
import { localTime } from '../../../design/local-time.ts'
import type { AccessEntryDraft } from '../../../keys/access-entry.ts'
import type { DetailKey } from '../detail-key.ts'

/** An entry of the access list of a key. */
export type Entry = NonNullable<DetailKey['accessList']>[number]

/** An entry as it will be: whom it is for, and what that may do; null for all that its roles allow. */
export type PlannedEntry = {
  readonly subject: string
  readonly permissions: readonly string[] | null
}

/** The entries that give something now. Expired ones are dropped by the next change of the list. */
export const inForce = (userKey: DetailKey): readonly Entry[] =>
  (userKey.accessList ?? []).filter(({ expired }) => !expired)

/** The entry in the form of the API's input, to give it again. */
export function inputOf({ subject, permissions, context, expiresAt, note }: Entry) {
  return {
    subject: subject.id,
    ...(permissions !== null && { permissions }),
    ...(context !== null && { context: context.map(({ name, value }) => ({ name, value })) }),
    ...(expiresAt !== null && { expiresAt }),
    ...(note !== '' && { note }),
  }
}

/** True if two entries say the same. An entry has no ID, and is another object after each answer. */
export const isSame = (a: Entry, b: Entry): boolean =>
  JSON.stringify(inputOf(a)) === JSON.stringify(inputOf(b))

/** The entry in the form of the fields that change it. */
export const draftOf = ({ subject, permissions, context, expiresAt, note }: Entry): AccessEntryDraft => ({
  subject: subject.id,
  permissions,
  context: context ?? [],
  expiresAt: localTime(expiresAt),
  note,
})

/** The entry as it will be, for {@link losesAccess}. */
export const planned = ({ subject, permissions }: Entry): PlannedEntry => ({
  subject: subject.id,
  permissions,
})

/**
 * True if the viewer would lose sight of the key, or the right to manage it, with another list; `null` is access control
 * that is off. The server then wants to be told that this is known. It decides; this only warns before.
 */
export function losesAccess(
  viewer: Viewer | null,
  userKey: DetailKey,
  after: readonly PlannedEntry[] | null,
): boolean {
  if (viewer === null) return false
  const own = new Set([viewer.subject.id, ...viewer.groups.map((group) => `group:${group}`)])
  if (userKey.owner && own.has(userKey.owner.id)) return false
  // A service needs an entry whatever its roles are.
  if (after === null) return viewer.kind === 'SERVICE_AGENT'
  const ownEntries = after.filter(({ subject }) => own.has(subject))
  const keepsManaging = ownEntries.some(
    ({ permissions }) => permissions === null || permissions.includes('MANAGE'),
  )
  const manages = userKey.viewerPermissions?.includes('MANAGE') ?? false
  return ownEntries.length === 0 || (manages && !keepsManaging)
}

/** Who still sees and manages the key with another list, as far as their roles allow: its owner first. */
export const keepersOf = ({ owner }: DetailKey, after: readonly PlannedEntry[]): readonly string[] => [
  ...new Set([
    ...(owner ? [owner.id] : []),
    ...after
      .filter(({ permissions }) => permissions === null || permissions.includes('MANAGE'))
      .map(({ subject }) => subject),
  ]),
]
