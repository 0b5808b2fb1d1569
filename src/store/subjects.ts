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

/**
 * SQL condition that a column with a list of subjects contains one of the given canonical subjects. `= ANY` hashes them:
 * `&&` compares each of a thousand groups with each of a thousand entries.
 */
function holdsSubject(column: Prisma.Sql, subjects: readonly string[]): Prisma.Sql {
  return Prisma.sql`EXISTS (SELECT FROM unnest(${column}) AS listed(subject)
    WHERE ${isOneOf(Prisma.sql`listed.subject`, subjects)})`
}

/** Entry of an access list that says more than who, as it is stored. */
export interface StoredAccessEntry {
  /** Subject string. */
  readonly subject: string
  /** Permissions of this or of another release; null for all that the roles give. */
  readonly permissions: readonly string[] | null
  /** Sorted by name; null for no condition. */
  readonly context: readonly { readonly name: string; readonly value: string }[] | null
  /** RFC 3339 in UTC with milliseconds, so that moments compare as texts; null for an entry that does not expire. */
  readonly expiresAt: string | null
  readonly note: string
}

/** Access list of a key, as it is stored. */
export interface StoredAccessList {
  /** Subject strings of the entries that say nothing more. */
  readonly allowedSubjects: readonly string[]
  /** The other entries. */
  readonly accessEntries: readonly StoredAccessEntry[]
}

/** Viewer for filters on hidden fields. Matches `visibilityOf` in the domain, which checks every row again. */
export interface ViewerCondition {
  /** All subject strings that speak for the viewer. */
  readonly subjects: readonly string[]
  /** Which keys the viewer sees besides those that it owns. */
  readonly sees: 'ALL_UNCONTROLLED_AND_LISTED' | 'LISTED' | 'NONE'
  /** When entries of lists have expired. */
  readonly now: Date
}

/** SQL condition that the viewer has access to the key of a row; the table has the columns of a live or deleted key. */
export function seesWhole(viewer: ViewerCondition, table: Prisma.Sql): Prisma.Sql {
  const { subjects, sees, now } = viewer
  const owned = isOneOf(Prisma.sql`${table}.owner`, subjects)
  if (sees === 'NONE') return owned
  return Prisma.sql`(${owned}
    OR (${table}.access_control_enabled AND (
      ${holdsSubject(Prisma.sql`${table}.allowed_subjects`, subjects)}
      OR ${holdsEntry(Prisma.sql`${table}.access_entries`, subjects, now)}))
    OR (${sees === 'ALL_UNCONTROLLED_AND_LISTED'} AND NOT ${table}.access_control_enabled))`
}

/** SQL condition that a column with a subject has one of the given canonical subjects. */
function isOneOf(column: Prisma.Sql, subjects: readonly string[]): Prisma.Sql {
  const is = Prisma.sql`${column} = ANY (${[...subjects]}::text[])`
  const agents = agentsAmong(subjects)
  if (agents.length === 0) return is
  return Prisma.sql`(${is} OR ${canonicalSubject(column)} = ANY (${agents}::text[]))`
}

/** SQL condition that entries name one of the subjects, and have not expired. Their subjects are canonical. */
function holdsEntry(column: Prisma.Sql, subjects: readonly string[], now: Date): Prisma.Sql {
  // What is no list was not written by the server. The MAC of the row tells, and the query must not fail.
  return Prisma.sql`(${column} <> '[]' AND EXISTS (
    SELECT FROM jsonb_array_elements(CASE jsonb_typeof(${column}) WHEN 'array' THEN ${column} ELSE '[]' END) AS listed(entry)
    WHERE listed.entry->>'subject' = ANY (${[...subjects]}::text[])
      AND COALESCE(listed.entry->>'expiresAt' COLLATE "C" > ${now.toISOString()}, TRUE)))`
}

function agentsAmong(subjects: readonly string[]): readonly string[] {
  return subjects.filter((subject) => subject.startsWith(agentPrefix))
}
