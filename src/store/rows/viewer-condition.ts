import { holdsSubject, isSubject } from '../canonical-subject.ts'
import { Prisma } from '../generated/client.ts'

/** Who sees hidden fields, for filters on them; matches `visibilityOf` in the domain, which checks every row again. */
export interface ViewerCondition {
  /** The viewer's own subject string, for ownership. */
  readonly subject: string
  /** All subject strings that speak for the viewer. */
  readonly subjects: readonly string[]
  /** Whether keys without access control are visible to it too. */
  readonly seesUncontrolled: boolean
}

/** Whether the viewer sees the key of a row whole, in SQL; the table has the columns of a key, live or deleted. */
export function seesWhole(viewer: ViewerCondition, table: Prisma.Sql): Prisma.Sql {
  const { subject, subjects, seesUncontrolled } = viewer
  return Prisma.sql`(${isSubject(Prisma.sql`${table}.owner`, subject)}
    OR (${table}.access_control_enabled AND ${holdsSubject(Prisma.sql`${table}.allowed_subjects`, subjects)})
    OR (${seesUncontrolled} AND NOT ${table}.access_control_enabled))`
}
