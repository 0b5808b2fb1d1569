import type { Prisma } from './generated/client.ts'
import { decode, type KeyRow } from './key-rows.ts'
import type { Queryable } from './store.ts'

/** Who sees hidden fields, for filters on them; matches `visibilityOf` in the domain, which checks every row again. */
export interface ViewerCondition {
  /** The viewer's own subject string, for ownership. */
  readonly subject: string
  /** All subject strings that speak for the viewer. */
  readonly subjects: readonly string[]
  /** Whether keys without access control are visible to it too. */
  readonly seesUncontrolled: boolean
}

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

/** The rows of a page, in one statement. */
export async function findKeyPage(db: Queryable, query: KeyPageQuery): Promise<KeyRow[]> {
  const { direction, orderBy } = query
  const bounds: Prisma.KeyWhereInput[] = []
  if (query.after !== null) bounds.push(beyond(query, query.after, direction))
  if (query.before !== null) bounds.push(beyond(query, query.before, direction === 'asc' ? 'desc' : 'asc'))
  const rows = await db.key.findMany({
    where: { AND: [conditionOf(query.filter), ...bounds] },
    orderBy: orderBy === 'NAME' ? [{ name: direction }] : [{ createdAt: direction }, { name: direction }],
    take: query.max,
  })
  return rows.map(decode)
}

/** How many rows the filter matches. */
export async function countKeys(db: Queryable, filter: KeyListFilter): Promise<number> {
  return db.key.count({ where: conditionOf(filter) })
}

/** The rows beyond a position; the plain bound on the first column is what an index can use. */
function beyond(
  query: KeyPageQuery,
  position: KeyPosition,
  direction: KeyPageQuery['direction'],
): Prisma.KeyWhereInput {
  const strict = direction === 'asc' ? 'gt' : 'lt'
  const loose = direction === 'asc' ? 'gte' : 'lte'
  if (query.orderBy === 'NAME') return { name: { [strict]: position.name } }
  return {
    createdAt: { [loose]: position.createdAt },
    OR: [{ createdAt: { [strict]: position.createdAt } }, { name: { [strict]: position.name } }],
  }
}

function conditionOf(filter: KeyListFilter): Prisma.KeyWhereInput {
  const { visibleTo } = filter
  return {
    projectId: filter.projectId,
    kind: filter.kind,
    ...(visibleTo && {
      OR: [
        { owner: visibleTo.subject },
        { accessControlEnabled: true, allowedSubjects: { hasSome: [...visibleTo.subjects] } },
        ...(visibleTo.seesUncontrolled ? [{ accessControlEnabled: false }] : []),
      ],
    }),
    ...(filter.namePrefix !== undefined && { name: prefixRange(filter.namePrefix) }),
    ...(filter.accessControlEnabled !== undefined && { accessControlEnabled: filter.accessControlEnabled }),
    ...(filter.createdBy !== undefined && { createdBy: filter.createdBy }),
    ...((filter.createdAfter ?? filter.createdBefore) !== undefined && {
      createdAt: {
        ...(filter.createdAfter && { gt: filter.createdAfter }),
        ...(filter.createdBefore && { lt: filter.createdBefore }),
      },
    }),
    ...(filter.status && { status: { in: [...filter.status] } }),
    ...(filter.usage !== undefined && { usage: filter.usage }),
    ...(filter.algorithm && { algorithm: { in: [...filter.algorithm] } }),
    ...(filter.rotationEnabled !== undefined && { rotationEnabled: filter.rotationEnabled }),
  }
}

/** Names are ASCII and ordered by bytes, so the names with a prefix are a range that the index knows. */
function prefixRange(prefix: string): Prisma.StringFilter {
  return { gte: prefix, lt: `${prefix}\u007f` }
}
