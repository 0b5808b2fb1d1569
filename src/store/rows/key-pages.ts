import { Prisma } from '../generated/client.ts'
import { type PreparedName, prepared, type Queryable, rowOf, select } from '../sql.ts'
import { isSubject, seesWhole, type ViewerCondition } from '../subjects.ts'
import { type KeyRow, keyTable } from './key-rows.ts'
import { type KeyVersionRow, versionTable } from './version-rows.ts'

/** Which keys a list has. */
export interface KeyListFilter {
  readonly projectId: string
  readonly kind: KeyRow['kind']
  /** Null: all keys of the project, redacted or not. */
  readonly visibleTo: ViewerCondition | null
  readonly namePrefix?: string | undefined
  readonly accessControlEnabled?: boolean | undefined
  readonly createdBy?: string | undefined
  readonly createdAfter?: Date | undefined
  readonly createdBefore?: Date | undefined
  readonly status?: readonly KeyRow['status'][] | undefined
  readonly usage?: string | undefined
  readonly algorithm?: readonly string[] | undefined
  readonly rotationEnabled?: boolean | undefined
}

/** Where a page starts: the order values of the row before it. Names are unique in a project, so they break ties. */
export interface KeyPosition {
  readonly createdAt: Date
  readonly name: string
}

/** One page of keys in keyset order. */
export interface KeyPageQuery {
  readonly filter: KeyListFilter
  readonly orderBy: 'NAME' | 'CREATED_AT'
  readonly direction: 'asc' | 'desc'
  /** Rows come after this one, in the given direction; null for the first page. */
  readonly after: KeyPosition | null
  /** Rows come before this one; null without an end. */
  readonly before: KeyPosition | null
  readonly max: number
}

/** A key of a list. */
export interface ListedKey {
  readonly key: KeyRow
  /** Its newest version; null if it has none. */
  readonly newest: KeyVersionRow | null
}

const columns = Prisma.join([select('k', keyTable), select('v', versionTable, 'version.')])

/** The keys of a page, each with its newest version, in one statement. */
export async function findKeyPage(db: Queryable, query: KeyPageQuery): Promise<ListedKey[]> {
  const { direction, after, before } = query
  const bounds = [
    ...(after === null ? [] : [beyond(query, after, direction)]),
    ...(before === null ? [] : [beyond(query, before, direction === 'asc' ? 'desc' : 'asc')]),
  ]
  const order = orderOf(query)
  const conditions = conditionsOf(query.filter)
  const statement = Prisma.sql`
    SELECT ${columns} FROM (
      SELECT * FROM keys k WHERE ${allOf([...conditions, ...bounds])} ORDER BY ${order} LIMIT ${query.max}
    ) AS k
    LEFT JOIN key_versions v ON v.key_id = k.id AND v.number = k.last_version_number
    ORDER BY ${order}`
  // Few lists have no filter, and connections keep every statement that is prepared.
  const isFrequent = conditions.length === conditionsMin
  const rows = await db.$queryRaw<(KeyRow & Record<string, unknown>)[]>(
    isFrequent ? prepared(preparedNameOf(query), statement) : statement,
  )
  return rows.map((row) => ({
    // With what is of the version: to copy a hundred rows takes longer than anything else that is done with them here.
    key: row,
    newest: row['version.id'] === null ? null : rowOf(row, versionTable, 'version.'),
  }))
}

/** Number of keys that match the filter. */
export async function countKeys(db: Queryable, filter: KeyListFilter): Promise<number> {
  const [row] = await db.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM keys k WHERE ${allOf(conditionsOf(filter))}`
  return Number(row?.count)
}

function preparedNameOf({ orderBy, direction, after, before }: KeyPageQuery): PreparedName {
  const order = orderBy === 'NAME' ? 'name' : 'created_at'
  return `page_by_${order}_${direction}${after === null ? '' : '_after'}${before === null ? '' : '_before'}`
}

function orderOf({ orderBy, direction }: KeyPageQuery): Prisma.Sql {
  const way = direction === 'asc' ? Prisma.sql`ASC` : Prisma.sql`DESC`
  return orderBy === 'NAME' ? Prisma.sql`k.name ${way}` : Prisma.sql`k.created_at ${way}, k.name ${way}`
}

/** The rows beyond a position, as an index knows them. */
function beyond(
  { orderBy }: KeyPageQuery,
  { createdAt, name }: KeyPosition,
  direction: KeyPageQuery['direction'],
): Prisma.Sql {
  const isBeyond = direction === 'asc' ? Prisma.sql`>` : Prisma.sql`<`
  return orderBy === 'NAME'
    ? Prisma.sql`k.name ${isBeyond} ${name}`
    : Prisma.sql`(k.created_at, k.name) ${isBeyond} (${createdAt}::timestamptz, ${name})`
}

function allOf(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.join([...conditions], ' AND ')
}

/** Project and kind. */
const conditionsMin = 2

function conditionsOf(filter: KeyListFilter): Prisma.Sql[] {
  const { visibleTo, namePrefix, createdBy, createdAfter, createdBefore } = filter
  const { accessControlEnabled, status, usage, algorithm, rotationEnabled } = filter
  const conditions = [
    Prisma.sql`k.project_id = ${filter.projectId}`,
    Prisma.sql`k.kind = ${filter.kind}::"KeyKind"`,
    visibleTo && seesWhole(visibleTo, Prisma.sql`k`),
    // Names are ASCII and ordered by bytes, so the names with a prefix are a range that the index knows.
    namePrefix !== undefined && Prisma.sql`k.name >= ${namePrefix} AND k.name < ${`${namePrefix}\u007f`}`,
    accessControlEnabled !== undefined && Prisma.sql`k.access_control_enabled = ${accessControlEnabled}`,
    createdBy !== undefined && isSubject(Prisma.sql`k.created_by`, createdBy),
    createdAfter !== undefined && Prisma.sql`k.created_at > ${createdAfter}::timestamptz`,
    createdBefore !== undefined && Prisma.sql`k.created_at < ${createdBefore}::timestamptz`,
    // One by one: of an array the planner does not know that it has one value, for which an index has the right order.
    status !== undefined && isOneOf(status),
    usage !== undefined && Prisma.sql`k.usage = ${usage}`,
    algorithm !== undefined && Prisma.sql`k.algorithm = ANY(${[...algorithm]}::text[])`,
    rotationEnabled !== undefined && Prisma.sql`k.rotation_enabled = ${rotationEnabled}`,
  ]
  return conditions.filter((condition) => condition instanceof Prisma.Sql)
}

function isOneOf(statuses: readonly KeyRow['status'][]): Prisma.Sql {
  if (statuses.length === 0) return Prisma.sql`false`
  return Prisma.sql`k.status IN (${Prisma.join(statuses.map((status) => Prisma.sql`${status}::"KeyStatus"`))})`
}
