import { Prisma } from './generated/client.ts'

const agentPrefix = 'service-agent:'

/** Canonical form of a subject string in a column, as `canonicalSubject` of the domain makes it. */
export function canonicalSubject(column: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`CASE WHEN ${column} LIKE 'service-agent:%'
    THEN 'service-agent:' || initcap(substr(${column}, 15)) ELSE ${column} END`
}

/**
 * Whether a column holds a subject, which is given in its one spelling. Only names of services have other spellings, so
 * that an index serves for all others.
 */
export function isSubject(column: Prisma.Sql, subject: string): Prisma.Sql {
  return subject.startsWith(agentPrefix)
    ? Prisma.sql`${canonicalSubject(column)} = ${subject}`
    : Prisma.sql`${column} = ${subject}`
}

/** SQL condition that a column with a list of subjects contains one of the given canonical subjects. */
function holdsSubject(column: Prisma.Sql, subjects: readonly string[]): Prisma.Sql {
  const overlap = Prisma.sql`${column} && ${[...subjects]}::text[]`
  const agents = subjects.filter((subject) => subject.startsWith(agentPrefix))
  if (agents.length === 0) return overlap
  const listed = canonicalSubject(Prisma.sql`listed.subject`)
  return Prisma.sql`(${overlap} OR EXISTS (
    SELECT FROM unnest(${column}) AS listed(subject) WHERE ${listed} = ANY (${agents}::text[])))`
}

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
