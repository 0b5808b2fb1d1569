import { Prisma } from '../generated/client.ts'
import { hasLabels, type WantedLabel } from '../rows/key-filter.ts'
import { type Queryable, select } from '../sql.ts'
import { isSubject, seesWhole, type ViewerCondition } from '../subjects.ts'
import { type AuditEventRow, eventTable } from './event-rows.ts'
import { uuidOfKeyId } from './usage-rows.ts'

/** An event as it is read. */
export type StoredEvent = AuditEventRow & {
  /** Its chain; null for an event from before there were chains. */
  readonly chainId: string | null
  readonly hash: Uint8Array | null
  /** Hash of the event before it in its chain, or the chain's base hash; null if that event is missing. */
  readonly previousHash: Uint8Array | null
}

type EventDetails = AuditEventRow['details']

/** A key, by either of its IDs; the kind is part of the first. */
export type EventsKey =
  | { readonly id: string; readonly kind: 'USER' | 'SERVICE' }
  | { readonly redactedId: string }

/** Which events a list has. */
export interface AuditRowFilter {
  readonly projectId: string
  /** Events of keys that this viewer does not see whole are not there; matches what the domain checks again. */
  readonly visibleTo: ViewerCondition
  /** True to include events without a chain from before the first chain. */
  readonly predatesChains: boolean
  /** Events of one key. */
  readonly key: EventsKey | null
  /** Events about one version of a key, as the only one or as one of several. */
  readonly version: { readonly key: EventsKey; readonly number: number } | null
  /** Events of live user keys that have all of these. */
  readonly labels: readonly WantedLabel[] | null
  readonly actions: readonly string[] | null
  readonly outcomes: readonly AuditEventRow['outcome'][] | null
  readonly actor: string | null
  /** Details that events have if their context has all wanted pairs, and if that of their source has. */
  readonly context: { readonly own: EventDetails; readonly source: EventDetails } | null
  /** Including this moment. */
  readonly from: Date | null
  /** Excluding this moment. */
  readonly to: Date | null
}

/** Where a page starts. IDs break the ties of events of the same millisecond. */
export interface AuditPosition {
  readonly occurredAt: Date
  readonly id: string
}

/** Range of a list. */
export interface AuditRange {
  readonly newestFirst: boolean
  /** Events older than this one, by moment and ID. */
  readonly below: AuditPosition | null
  /** Events newer than this one. */
  readonly above: AuditPosition | null
  readonly max: number
}

const columns = Prisma.sql`${select('e', eventTable)}, e.chain_id AS "chainId", e.hash,
  CASE WHEN e.sequence = c.base_sequence + 1 THEN c.base_hash ELSE (
    SELECT p.hash FROM audit_events p WHERE p.chain_id = e.chain_id AND p.sequence = e.sequence - 1 LIMIT 1
  ) END AS "previousHash"`

const eventsAndChains = Prisma.sql`audit_events e LEFT JOIN audit_chains c ON c.id = e.chain_id`

/** Each event with its chain, and with its key, live or deleted, or role bindings; an event has one of them, or is about none. */
const eventsAndKeys = Prisma.sql`${eventsAndChains}
  LEFT JOIN keys k ON k.id = e.key_id AND k.project_id = e.project_id
  LEFT JOIN deleted_keys d ON d.id = e.key_id AND d.project_id = e.project_id
  LEFT JOIN project_roles r ON r.id = e.key_id AND r.project_id = e.project_id`

/** The events of a page, in one statement. */
export async function findAuditPage(
  db: Queryable,
  { filter, range }: { filter: AuditRowFilter; range: AuditRange },
): Promise<StoredEvent[]> {
  return db.$queryRaw<StoredEvent[]>`
    SELECT ${columns} FROM ${eventsAndKeys}
    WHERE ${conditionOf(filter)} AND ${within(range)}
    ${orderAndLimit(range)}`
}

/**
 * Whether an event stands in a chain, between its beginning and its end. Whoever can write to the database alone can put
 * events elsewhere, but cannot make a chain or move its end without breaking a MAC. Events from before there were chains
 * count where there may be some.
 */
function isOnRecord(predatesChains: boolean): Prisma.Sql {
  const inChain = Prisma.sql`(e.sequence > c.base_sequence AND e.sequence <= c.head_sequence)`
  return predatesChains
    ? Prisma.sql`(${inChain} OR (e.chain_id IS NULL
        AND e.occurred_at < (SELECT min(started_at) FROM audit_chains)))`
    : inChain
}

/** Number of events that match the filter. */
export async function countAuditEvents(db: Queryable, filter: AuditRowFilter): Promise<number> {
  const [row] = await db.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM ${eventsAndKeys} WHERE ${conditionOf(filter)}`
  return Number(row?.count ?? 0)
}

/** Events by their own ID, inside one project and as far as the viewer may see their keys, in no order. */
export async function findAuditEventsById(
  db: Queryable,
  lookup: Pick<AuditRowFilter, 'projectId' | 'visibleTo' | 'predatesChains'> & {
    readonly ids: readonly string[]
  },
): Promise<StoredEvent[]> {
  const { projectId, visibleTo, predatesChains, ids } = lookup
  return db.$queryRaw<StoredEvent[]>`
    SELECT ${columns} FROM ${eventsAndKeys}
    WHERE e.id = ANY (${[...ids]}::uuid[]) AND e.project_id = ${projectId} AND ${isVisible(visibleTo)}
      AND ${isOnRecord(predatesChains)}`
}

/** A page of events of each of several keys, in one statement. */
export async function findAuditPagesOfKeys(
  db: Queryable,
  query: { keyIds: readonly string[]; range: AuditRange; predatesChains: boolean },
): Promise<(StoredEvent & { keyId: string })[]> {
  const { keyIds, range, predatesChains } = query
  return db.$queryRaw<(StoredEvent & { keyId: string })[]>`
    SELECT p.* FROM unnest(${[...keyIds]}::uuid[]) AS w(key_id)
    CROSS JOIN LATERAL (
      SELECT ${columns} FROM ${eventsAndChains}
      WHERE e.key_id = w.key_id AND ${isOnRecord(predatesChains)} AND ${within(range)}
      ${orderAndLimit(range)}
    ) AS p`
}

/** Number of events of each of several keys, in one statement. */
export async function countAuditEventsOfKeys(
  db: Queryable,
  { keyIds, predatesChains }: { keyIds: readonly string[]; predatesChains: boolean },
): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ keyId: string; count: bigint }[]>`
    SELECT e.key_id AS "keyId", count(*) AS count FROM ${eventsAndChains}
    WHERE e.key_id = ANY (${[...keyIds]}::uuid[]) AND ${isOnRecord(predatesChains)} GROUP BY e.key_id`
  return new Map(rows.map(({ keyId, count }) => [keyId, Number(count)]))
}

/** Compares row values, which the indexes on (…, occurred_at, id) support. */
function within({ below, above }: AuditRange): Prisma.Sql {
  const bounds = [
    ...(below === null
      ? []
      : [
          Prisma.sql`(e.occurred_at, e.id) < (${textOf(below.occurredAt)}::timestamptz, ${below.id}::uuid)`,
          // By this alone it is known which partitions need not be looked into.
          Prisma.sql`e.occurred_at <= ${textOf(below.occurredAt)}::timestamptz`,
        ]),
    ...(above === null
      ? []
      : [
          Prisma.sql`(e.occurred_at, e.id) > (${textOf(above.occurredAt)}::timestamptz, ${above.id}::uuid)`,
          Prisma.sql`e.occurred_at >= ${textOf(above.occurredAt)}::timestamptz`,
        ]),
  ]
  return bounds.length === 0 ? Prisma.sql`TRUE` : Prisma.join(bounds, ' AND ')
}

function orderAndLimit({ newestFirst, max }: AuditRange): Prisma.Sql {
  return newestFirst
    ? Prisma.sql`ORDER BY e.occurred_at DESC, e.id DESC LIMIT ${max}`
    : Prisma.sql`ORDER BY e.occurred_at, e.id LIMIT ${max}`
}

function conditionOf(filter: AuditRowFilter): Prisma.Sql {
  const { projectId, visibleTo, key, version, labels, actions, outcomes, actor, from, to } = filter
  const conditions = [
    Prisma.sql`e.project_id = ${projectId}`,
    isNotHidden(visibleTo, projectId),
    isOnRecord(filter.predatesChains),
  ]
  if (key !== null) conditions.push(ofKey(key))
  if (labels !== null) conditions.push(hasLabels(Prisma.sql`k`, labels))
  if (version !== null) conditions.push(ofKey(version.key), isAbout(version.number))
  if (actions !== null) conditions.push(Prisma.sql`e.action = ANY (${[...actions]}::text[])`)
  if (outcomes !== null) conditions.push(Prisma.sql`e.outcome::text = ANY (${[...outcomes]}::text[])`)
  if (actor !== null) conditions.push(isSubject(Prisma.sql`e.actor`, actor))
  if (filter.context !== null) {
    const { own, source } = filter.context
    conditions.push(Prisma.sql`(${hasDetails(own)} OR ${hasDetails(source)})`)
  }
  if (from !== null) conditions.push(Prisma.sql`e.occurred_at >= ${textOf(from)}::timestamptz`)
  if (to !== null) conditions.push(Prisma.sql`e.occurred_at < ${textOf(to)}::timestamptz`)
  return Prisma.join(conditions, ' AND ')
}

/** Details of events by which they are about more versions than the column says. */
function isAbout(number: number): Prisma.Sql {
  const ofSameKey = Prisma.sql`${uuidOfKeyId(Prisma.sql`e.details->>'sourceKeyId'`)} = e.key_id`
  return Prisma.sql`(e.version_number = ${number}::int
    OR ${String(number)} = ANY (string_to_array(e.details->>'destroyedVersions', ' '))
    OR (e.details->>'sourceVersion' = ${String(number)} AND ${ofSameKey}))`
}

function ofKey(key: EventsKey): Prisma.Sql {
  if ('redactedId' in key) {
    return Prisma.sql`e.key_id = (
      SELECT id FROM keys WHERE redacted_id = ${key.redactedId}::uuid
      UNION ALL SELECT id FROM deleted_keys WHERE redacted_id = ${key.redactedId}::uuid)`
  }
  // Service keys are never deleted.
  return key.kind === 'SERVICE'
    ? Prisma.sql`(e.key_id = ${key.id}::uuid AND k.kind = 'SERVICE')`
    : Prisma.sql`(e.key_id = ${key.id}::uuid AND (k.kind = 'USER' OR d.id IS NOT NULL))`
}

function hasDetails(details: EventDetails): Prisma.Sql {
  return Prisma.sql`e.details @> ${JSON.stringify(details)}::jsonb`
}

/** An event whose key is neither there nor among the deleted is not shown: who may see it cannot be said. */
const isOfKnownKey = Prisma.sql`(k.id IS NOT NULL OR d.id IS NOT NULL)`

/** Events that are about no user key. */
const isOfNoUserKey = Prisma.sql`(e.key_id IS NULL OR r.id IS NOT NULL OR k.kind = 'SERVICE')`

/** Whether the viewer sees an event, asked of its own key: for few events. */
function isVisible(viewer: ViewerCondition): Prisma.Sql {
  const seesKey = Prisma.sql`(${seesWhole(viewer, Prisma.sql`k`)} OR ${seesWhole(viewer, Prisma.sql`d`)})`
  return viewer.sees === 'NONE' ? seesKey : Prisma.sql`(${isOfNoUserKey} OR ${seesKey})`
}

/**
 * The same for many events: each access list is read once, and not for each of the thousands of events of its key. Who sees
 * its own keys alone sees no events about other things.
 */
function isNotHidden(viewer: ViewerCondition, projectId: string): Prisma.Sql {
  if (viewer.sees === 'NONE') return isVisible(viewer)
  const hidden = [hiddenIn('keys', viewer, projectId), hiddenIn('deleted_keys', viewer, projectId)]
  const isHidden = Prisma.sql`e.key_id IN (${Prisma.join(hidden, ' UNION ALL ')})`
  return Prisma.sql`(${isOfNoUserKey} OR (${isOfKnownKey} AND NOT ${isHidden}))`
}

/** IDs of the user keys in a table that are not whole for the viewer. */
function hiddenIn(table: 'keys' | 'deleted_keys', viewer: ViewerCondition, projectId: string): Prisma.Sql {
  const isUserKey = table === 'keys' ? Prisma.sql`t.kind = 'USER'` : Prisma.sql`TRUE`
  const mayBe = viewer.sees === 'LISTED' ? Prisma.sql`TRUE` : Prisma.sql`t.access_control_enabled`
  return Prisma.sql`SELECT t.id FROM ${Prisma.raw(table)} t WHERE t.project_id = ${projectId} AND ${isUserKey}
    AND ${mayBe} AND ${seesWhole(viewer, Prisma.sql`t`)} IS NOT TRUE`
}

function textOf(date: Date): string {
  return date.toISOString()
}
