import { holdsSubject, isSubject } from '../canonical-subject.ts'
import { Prisma } from '../generated/client.ts'

/** Viewer for filters on hidden fields. Matches `visibilityOf` in the domain, which checks every row again. */
export interface ViewerCondition {
  /** The viewer's own subject string, for ownership. */
  readonly subject: string
  /** All subject strings that speak for the viewer. */
  readonly subjects: readonly string[]
  /** True if the viewer sees keys without access control too. */
  readonly seesUncontrolled: boolean
}

/** SQL condition that the viewer has access to the key of a row; the table has the columns of a live or deleted key. */
export function seesWhole(viewer: ViewerCondition, table: Prisma.Sql): Prisma.Sql {
  const { subject, subjects, seesUncontrolled } = viewer
  return Prisma.sql`(${isSubject(Prisma.sql`${table}.owner`, subject)}
    OR (${table}.access_control_enabled AND ${holdsSubject(Prisma.sql`${table}.allowed_subjects`, subjects)})
    OR (${seesUncontrolled} AND NOT ${table}.access_control_enabled))`
}
