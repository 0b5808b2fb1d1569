import type { KeyChange } from '../../store/key-changes.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import { canonicalSubject } from '../rules/caller.ts'

/** What of a change of a key is seen by callers that do not see the key whole afterwards. */
export function shownChange(before: KeyRow, after: KeyRow): KeyChange {
  const stillNamed = new Set(namedBy(after))
  return {
    projectId: after.projectId,
    id: after.id,
    isShown:
      before.name !== after.name ||
      before.description !== after.description ||
      before.accessControlEnabled !== after.accessControlEnabled,
    lostBy: namedBy(before).filter((subject) => !stillNamed.has(subject)),
  }
}

/** Owner and access list. */
function namedBy({ owner, allowedSubjects }: KeyRow): readonly string[] {
  return (owner === null ? allowedSubjects : [owner, ...allowedSubjects]).map(canonicalSubject)
}
