import { Prisma } from '../generated/client.ts'
import { type PreparedName, prepared, type Queryable, rowOf, select } from '../sql.ts'
import { seesWhole, type ViewerCondition } from '../subjects.ts'
import { allOf, conditionsOf, everyKeyOf, type KeyListFilter } from './key-filter.ts'
import { type KeyRow, keyTable } from './key-rows.ts'
import { type KeyVersionRow, versionTable } from './version-rows.ts'

/** Where a page starts: the order values of the row before it. Names are unique in a project, so they break ties. */
export interface KeyPosition {
  readonly name: string
  /** In lists by creation. */
  readonly createdAt?: Date
  /** In lists by a {@link HiddenOrder}: day or moment; null among the keys without one. */
  readonly value?: string | Date | null
}

/** Orders by a column that redacted keys hide: keys without a value to be seen come last, by name. */
export interface HiddenOrder {
  readonly field: 'NEXT_ROTATION' | 'LAST_USE'
  readonly viewer: ViewerCondition
}

/** One page of keys in keyset order. */
export interface KeyPageQuery {
  readonly filter: KeyListFilter
  readonly orderBy: 'NAME' | 'CREATED_AT' | HiddenOrder
  readonly direction: 'asc' | 'desc'
  /** Backwards: the last keys first, in the order that is opposite to the direction, and those without a value before all. */
  readonly backward?: boolean
  /** Rows come after this one, in the order of reading; null for the first page. */
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
  /** The value of a {@link HiddenOrder} by which it was found; null if there is none to be seen. */
  readonly value: string | Date | null
}

/**
 * Rows of the list that are looked at first, for each one that is wanted. A filter that fewer of them meet is better
 * read from its own index: at most this share of the list is then sorted.
 */
const lookedAtForEach = 20

/** Part of a list that one index has in its order. */
interface Segment {
  readonly from: Prisma.Sql
  /** Conditions that the index knows. */
  readonly base: readonly Prisma.Sql[]
  readonly exact: readonly Prisma.Sql[]
  /** Empty if the exact conditions are met often enough to read the index in its order. */
  readonly sources: readonly Prisma.Sql[]
  readonly value: Prisma.Sql
  /** Columns of the order, all in one direction. */
  readonly columns: readonly Prisma.Sql[]
  readonly positionOf: (position: KeyPosition) => readonly Prisma.Sql[]
}

const selected = Prisma.join([select('k', keyTable), select('v', versionTable, 'version.')])

/** The keys of a page, each with its newest version. */
export async function findKeyPage(db: Queryable, query: KeyPageQuery): Promise<ListedKey[]> {
  const { orderBy, after, before, max } = query
  if (typeof orderBy === 'string') return readSegment(db, query, segmentByColumn(query.filter, orderBy))
  const segments = [
    { isValued: true, segment: valuedSegment(query.filter, orderBy) },
    { isValued: false, segment: restSegment(query.filter, orderBy) },
  ]
  const inOrder = query.backward ? segments.toReversed() : segments
  const indexOf = (position: KeyPosition) =>
    inOrder.findIndex(({ isValued }) => isValued === (position.value !== null))
  const first = after === null ? 0 : indexOf(after)
  const last = before === null ? inOrder.length - 1 : indexOf(before)
  const rows: ListedKey[] = []
  for (const [index, { segment }] of inOrder.entries()) {
    if (index < first || index > last || rows.length >= max) continue
    const bounds = { after: index === first ? after : null, before: index === last ? before : null }
    rows.push(...(await readSegment(db, { ...query, ...bounds, max: max - rows.length }, segment)))
  }
  return rows
}

/** Number of keys that match the filter. */
export async function countKeys(db: Queryable, filter: KeyListFilter): Promise<number> {
  const [row] = await db.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM ${everyKeyOf(filter)}`
  return Number(row?.count)
}

/** Number of keys that match the filter, by the state of those that the viewer sees in full; null for the others. */
export async function countKeysByStatus(
  db: Queryable,
  filter: KeyListFilter,
  viewer: ViewerCondition,
): Promise<ReadonlyMap<KeyRow['status'] | null, number>> {
  const rows = await db.$queryRaw<{ status: KeyRow['status'] | null; count: bigint }[]>`
    SELECT CASE WHEN ${seesWhole(viewer, Prisma.sql`k`)} THEN k.status END AS status, count(*) AS count
    FROM ${everyKeyOf(filter)} GROUP BY 1`
  return new Map(rows.map(({ status, count }) => [status, Number(count)]))
}

function segmentByColumn(filter: KeyListFilter, orderBy: 'NAME' | 'CREATED_AT'): Segment {
  const name = Prisma.sql`k.name`
  return {
    ...conditionsOf(filter),
    from: Prisma.sql`keys k`,
    value: Prisma.sql`NULL::text`,
    ...(orderBy === 'NAME'
      ? { columns: [name], positionOf: (position) => [Prisma.sql`${position.name}`] }
      : {
          columns: [Prisma.sql`k.created_at`, name],
          positionOf: (position) => [
            Prisma.sql`${position.createdAt}::timestamptz`,
            Prisma.sql`${position.name}`,
          ],
        }),
  }
}

/** The keys with a value that the viewer sees. */
function valuedSegment(filter: KeyListFilter, { field, viewer }: HiddenOrder): Segment {
  const { base, exact, sources } = conditionsOf(filter)
  // Among what all rows have: how many of the first rows a filter leaves must not follow from where redacted keys stand.
  const isSeen = seesWhole(viewer, Prisma.sql`k`)
  const shared = { exact, sources }
  if (field === 'NEXT_ROTATION')
    return {
      ...shared,
      from: Prisma.sql`keys k`,
      base: [...base, Prisma.sql`k.rotation_due_on IS NOT NULL`, isSeen],
      value: Prisma.sql`k.rotation_due_on::text`,
      columns: [Prisma.sql`k.rotation_due_on`, Prisma.sql`k.name`],
      positionOf: ({ name, value }) => [Prisma.sql`${value}::date`, Prisma.sql`${name}`],
    }
  return {
    ...shared,
    from: Prisma.sql`key_last_uses u JOIN keys k ON k.id = u.key_id`,
    base: [
      Prisma.sql`u.project_id = ${filter.projectId}`,
      Prisma.sql`u.kind = ${filter.kind}::"KeyKind"`,
      Prisma.sql`u.last_used_at IS NOT NULL`,
      ...base,
      isSeen,
    ],
    value: Prisma.sql`u.last_used_at`,
    columns: [Prisma.sql`u.last_used_at`, Prisma.sql`u.name`],
    positionOf: ({ name, value }) => [Prisma.sql`${value}::timestamptz`, Prisma.sql`${name}`],
  }
}

/** The other keys: those without a value, and those whose value the viewer does not see. */
function restSegment(filter: KeyListFilter, { field, viewer }: HiddenOrder): Segment {
  const { projectId, kind, visibleTo } = filter
  const byName = segmentByColumn(filter, 'NAME')
  const hasNone =
    field === 'NEXT_ROTATION'
      ? Prisma.sql`k.rotation_due_on IS NULL`
      : Prisma.sql`EXISTS (SELECT FROM key_last_uses WHERE key_id = k.id AND last_used_at IS NULL OFFSET 0)`
  const none =
    field === 'NEXT_ROTATION'
      ? Prisma.sql`SELECT id FROM keys WHERE project_id = ${projectId} AND kind = ${kind}::"KeyKind" AND rotation_due_on IS NULL`
      : Prisma.sql`SELECT key_id FROM key_last_uses
          WHERE project_id = ${projectId} AND kind = ${kind}::"KeyKind" AND last_used_at IS NULL`
  if (visibleTo !== null) {
    return {
      ...byName,
      exact: [...byName.exact, hasNone],
      sources: [...byName.sources, Prisma.sql`k.id IN (${none})`],
    }
  }
  const isRest = Prisma.sql`(${hasNone} OR NOT COALESCE(${seesWhole(viewer, Prisma.sql`k`)}, false))`
  const rest = Prisma.sql`k.id IN (${none}
    UNION ALL SELECT id FROM keys WHERE project_id = ${projectId} AND access_control_enabled)`
  return { ...byName, exact: [...byName.exact, isRest], sources: [...byName.sources, rest] }
}

/**
 * Reads from the index of the order. Where few rows may match, it looks at some rows only, and then finds all that match by
 * the indexes of the filter. So it reads neither many rows that do not match, nor all that match where they are many.
 */
async function readSegment(db: Queryable, query: KeyPageQuery, segment: Segment): Promise<ListedKey[]> {
  const { after, before, max } = query
  const ascending = (query.direction === 'asc') !== (query.backward === true)
  const { from, base, exact, sources } = segment
  const inList = [
    ...base,
    ...(after === null ? [] : [beyond(segment, after, ascending)]),
    ...(before === null ? [] : [beyond(segment, before, !ascending)]),
  ]
  const inOrder = orderOf(segment.columns, ascending)
  const again = orderOf(
    segment.columns.map((_column, index) => Prisma.raw(`k.order_${index}`)),
    ascending,
  )
  const ordered = Prisma.sql`${segment.value} AS value, ${Prisma.join(
    segment.columns.map((column, index) => Prisma.sql`${column} AS ${Prisma.raw(`order_${index}`)}`),
  )}`
  if (sources.length === 0) {
    const found = Prisma.sql`
      SELECT k.*, ${ordered} FROM ${from} WHERE ${allOf([...inList, ...exact])} ORDER BY ${inOrder} LIMIT ${max}`
    return readRows(db, found, again, exact.length === 0 ? preparedNameOf(query) : null)
  }
  const first = Prisma.sql`
    SELECT * FROM (
      SELECT k.*, ${ordered} FROM ${from} WHERE ${allOf(inList)} ORDER BY ${inOrder} LIMIT ${max * lookedAtForEach}
    ) AS k WHERE ${allOf(exact)} ORDER BY ${again} LIMIT ${max}`
  const rows = await readRows(db, first, again)
  if (rows.length === max) return rows
  // MATERIALIZED: with the limit in sight, the planner would read the list in its order again.
  const every = Prisma.sql`
    WITH k AS MATERIALIZED (
      SELECT k.id, ${ordered} FROM ${from} WHERE ${allOf([...inList, ...sources, ...exact])}
    ), page AS (SELECT * FROM k ORDER BY ${again} LIMIT ${max})
    SELECT keys.*, value, ${Prisma.raw(segment.columns.map((_column, index) => `order_${index}`).join(', '))}
    FROM page JOIN keys ON keys.id = page.id`
  return readRows(db, every, again)
}

/** Reads rows of keys, each with its newest version. */
async function readRows(
  db: Queryable,
  found: Prisma.Sql,
  order: Prisma.Sql,
  name: PreparedName | null = null,
): Promise<ListedKey[]> {
  const statement = Prisma.sql`
    SELECT ${selected}, k.value AS "order.value" FROM (${found}) AS k
    LEFT JOIN key_versions v ON v.key_id = k.id AND v.number = k.last_version_number
    ORDER BY ${order}`
  const rows = await db.$queryRaw<(KeyRow & Record<string, unknown>)[]>(
    name === null ? statement : prepared(name, statement),
  )
  return rows.map((row) => ({
    // With what is of the version: to copy a hundred rows takes longer than anything else that is done with them here.
    key: row,
    newest: row['version.id'] === null ? null : rowOf(row, versionTable, 'version.'),
    value: row['order.value'] as ListedKey['value'],
  }))
}

/** Few lists have no filter, and connections keep every statement that is prepared. */
function preparedNameOf({ orderBy, direction, backward, after, before }: KeyPageQuery): PreparedName | null {
  if (typeof orderBy !== 'string') return null
  const order = orderBy === 'NAME' ? 'name' : 'created_at'
  const way = (direction === 'asc') === (backward === true) ? 'desc' : 'asc'
  return `page_by_${order}_${way}${after === null ? '' : '_after'}${before === null ? '' : '_before'}`
}

function orderOf(ordered: readonly Prisma.Sql[], ascending: boolean): Prisma.Sql {
  const way = ascending ? Prisma.sql`ASC` : Prisma.sql`DESC`
  return Prisma.join(ordered.map((column) => Prisma.sql`${column} ${way}`))
}

/** The rows beyond a position, as an index knows them. */
function beyond({ columns, positionOf }: Segment, position: KeyPosition, ascending: boolean): Prisma.Sql {
  const isBeyond = ascending ? Prisma.sql`>` : Prisma.sql`<`
  const [first, ...others] = columns
  if (others.length === 0) return Prisma.sql`${first} ${isBeyond} ${Prisma.join([...positionOf(position)])}`
  return Prisma.sql`(${Prisma.join([...columns])}) ${isBeyond} (${Prisma.join([...positionOf(position)])})`
}
