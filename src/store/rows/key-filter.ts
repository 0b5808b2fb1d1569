import { Prisma } from '../generated/client.ts'
import { isSubject, seesWhole, type ViewerCondition } from '../subjects.ts'
import type { KeyRow } from './key-rows.ts'
import type { KeyVersionRow } from './version-rows.ts'

/** A label that keys must have. */
export interface WantedLabel {
  readonly name: string
  /** Null for any value. */
  readonly value: string | null
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
  readonly search?: KeySearch | undefined
  /** All of them; a label with any value where it is null. */
  readonly labels?: readonly WantedLabel[] | undefined
  readonly owner?: string | undefined
  readonly origin?: KeyRow['origin'] | undefined
  readonly versionStatus?: VersionStatusAt | undefined
  /** Last day on which the next rotation may be due. */
  readonly rotationDueUntil?: string | undefined
  /** Scheduled, not due at `now` yet, and due before another moment. */
  readonly destruction?: { readonly now: Date; readonly before: Date } | undefined
  /** No use at this moment or after it, and none but creation either. */
  readonly unusedSince?: Date | undefined
  /** Whether no use was ever written. */
  readonly neverUsed?: boolean | undefined
  /** Whether the newest version is ACTIVE. */
  readonly canProtect?: boolean | undefined
  /** Whether the newest version is ACTIVE and has reached the number of encryptions of its algorithm. */
  readonly encryptionsReached?:
    | { readonly isReached: boolean; readonly by: readonly EncryptionThreshold[] }
    | undefined
}

/** Number of encryptions of versions with one of these algorithms. */
export interface EncryptionThreshold {
  readonly algorithms: readonly string[]
  readonly encryptions: number
}

/** A text to find: in the name, or where the viewer sees the whole key in what else there is to read. */
export interface KeySearch {
  readonly text: string
  readonly viewer: ViewerCondition
}

/** States of which a version has one at a moment. */
export interface VersionStatusAt {
  readonly among: readonly KeyVersionRow['status'][]
  readonly now: Date
}

/** A filter as conditions on a row `k` of keys. */
export interface KeyConditions {
  /** What all rows of the list have, in each order. */
  readonly base: readonly Prisma.Sql[]
  /** The others; they decide. */
  readonly exact: readonly Prisma.Sql[]
  /** What follows from them, in words for which there is an index. Empty where lists are read in their order only. */
  readonly sources: readonly Prisma.Sql[]
  /** Those of them that are read from another table: queries of IDs of keys. */
  readonly candidates: readonly Prisma.Sql[]
}

/** SQL conditions of a filter. */
export function conditionsOf(filter: KeyListFilter): KeyConditions {
  const { projectId, kind, visibleTo, namePrefix, createdBy, createdAfter, createdBefore } = filter
  const { accessControlEnabled, status, usage, algorithm, rotationEnabled, owner, origin } = filter
  const { search, versionStatus, rotationDueUntil, destruction } = filter
  const { canProtect, encryptionsReached } = filter
  const labels = filter.labels ?? []
  const inUses = usesConditionsOf(filter)
  const inUse = inUses.length > 0 && allOf(inUses)
  const inVersions = versionStatus && isInState(versionStatus)
  const inDestruction =
    destruction &&
    Prisma.sql`v.status = 'DESTROY_SCHEDULED' AND v.destroy_scheduled_for > ${destruction.now}::timestamptz
      AND v.destroy_scheduled_for < ${destruction.before}::timestamptz`
  const terms = termConditionsOf(filter)
  const candidates = given(
    terms.length > 0 && Prisma.sql`SELECT s.key_id FROM key_search s WHERE ${allOf(terms)}`,
    inUse &&
      Prisma.sql`SELECT key_id FROM key_last_uses
        WHERE project_id = ${projectId} AND kind = ${kind}::"KeyKind" AND ${inUse}`,
    inVersions &&
      Prisma.sql`SELECT v.key_id FROM key_versions v WHERE v.project_id = ${projectId} AND ${inVersions}`,
    inDestruction &&
      Prisma.sql`SELECT v.key_id FROM key_versions v WHERE v.project_id = ${projectId} AND ${inDestruction}`,
    canProtect !== undefined && protectionCandidates(filter, canProtect),
    encryptionsReached?.isReached === true && reachedCandidates(encryptionsReached.by),
  )
  return {
    base: [Prisma.sql`k.project_id = ${projectId}`, Prisma.sql`k.kind = ${kind}::"KeyKind"`],
    exact: given(
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
      owner !== undefined && isSubject(Prisma.sql`k.owner`, owner),
      origin !== undefined && Prisma.sql`k.origin = ${origin}::"KeyOrigin"`,
      ...(labels.length === 0 ? [] : [hasLabels(Prisma.sql`k`, labels)]),
      rotationDueUntil !== undefined && Prisma.sql`k.rotation_due_on <= ${rotationDueUntil}::date`,
      // Each looked up by its key: OFFSET keeps them from being joined, which would begin with all that there are.
      search !== undefined && containsText(search),
      inUse && Prisma.sql`EXISTS (SELECT FROM key_last_uses WHERE key_id = k.id AND ${inUse} OFFSET 0)`,
      inVersions &&
        Prisma.sql`EXISTS (SELECT FROM key_versions v WHERE v.key_id = k.id AND ${inVersions} OFFSET 0)`,
      inDestruction &&
        Prisma.sql`EXISTS (SELECT FROM key_versions v WHERE v.key_id = k.id AND ${inDestruction} OFFSET 0)`,
      canProtect !== undefined && Prisma.sql`${protects} = ${canProtect}`,
      encryptionsReached &&
        Prisma.sql`${hasReached(encryptionsReached.by)} = ${encryptionsReached.isReached}`,
    ),
    sources: [
      ...given(rotationDueUntil !== undefined && Prisma.sql`k.rotation_due_on <= ${rotationDueUntil}::date`),
      ...candidates.map((ids) => Prisma.sql`k.id IN (${ids})`),
    ],
    candidates,
  }
}

/** Whether a filter finds its keys by another table, which can take long for a few of them. */
export function readsCandidates(filter: KeyListFilter): boolean {
  return conditionsOf(filter).candidates.length > 0
}

/**
 * Every key that a filter matches, as `FROM … WHERE …` with its row `k`, for counts. Candidates are found in an index, and
 * each is looked up by its ID. OFFSET keeps this from becoming a join: where statistics are old, the planner would compare
 * each key with each candidate.
 */
export function everyKeyOf(filter: KeyListFilter): Prisma.Sql {
  const { search } = filter
  const { base, exact, candidates } = conditionsOf({ ...filter, search: undefined })
  const found = (ids: Prisma.Sql, ...conditions: readonly Prisma.Sql[]) => Prisma.sql`
    (${ids}) AS c CROSS JOIN LATERAL (SELECT * FROM keys WHERE keys.id = c.id OFFSET 0) AS k
    WHERE ${allOf([...base, ...conditions, ...exact])}`
  if (search !== undefined) {
    const [inName, inHidden] = [contains('name_text', search), contains('hidden_text', search)]
    return found(
      Prisma.sql`SELECT s.key_id AS id, ${inName} AS in_name FROM key_search s
        WHERE ${allOf(termConditionsOf(filter))} AND (${inName} OR ${inHidden}) OFFSET 0`,
      Prisma.sql`(c.in_name OR ${seesWhole(search.viewer, Prisma.sql`k`)})`,
    )
  }
  if (candidates.length === 0) return Prisma.sql`keys k WHERE ${allOf([...base, ...exact])}`
  return found(
    Prisma.sql`SELECT DISTINCT key_id AS id FROM (${Prisma.join([...candidates], ' INTERSECT ')}) AS listed`,
  )
}

/** What a filter says of a row of key_last_uses. */
function usesConditionsOf({ unusedSince, neverUsed }: KeyListFilter): readonly Prisma.Sql[] {
  return given(
    unusedSince && Prisma.sql`idle_since < ${unusedSince}::timestamptz`,
    neverUsed === true && Prisma.sql`last_used_at IS NULL`,
    neverUsed === false && Prisma.sql`last_used_at IS NOT NULL`,
  )
}

/** The newest version of a key `k` that is to be used for new data: it is the default one. */
const newestActive = Prisma.sql`v.key_id = k.id AND v.number = k.last_version_number AND v.status = 'ACTIVE'`

const protects = Prisma.sql`EXISTS (SELECT FROM key_versions v WHERE ${newestActive} OFFSET 0)`

function protectionCandidates({ projectId, kind }: KeyListFilter, canProtect: boolean): Prisma.Sql {
  const inProject = Prisma.sql`SELECT key_id FROM key_versions WHERE project_id = ${projectId}`
  if (canProtect) return Prisma.sql`${inProject} AND status = 'ACTIVE'`
  return Prisma.sql`SELECT key_id FROM (
    ${inProject} AND status IN ('DEACTIVATED', 'DESTROY_SCHEDULED', 'DESTROYED')
    UNION ALL SELECT id FROM keys
      WHERE project_id = ${projectId} AND kind = ${kind}::"KeyKind" AND status = 'PRE_ACTIVATION') AS unable`
}

function hasReached(thresholds: readonly EncryptionThreshold[]): Prisma.Sql {
  const any = thresholds.map(
    ({ algorithms, encryptions }) =>
      Prisma.sql`(k.algorithm = ANY(${[...algorithms]}::text[]) AND u.encryptions >= ${encryptions}::bigint)`,
  )
  return Prisma.sql`EXISTS (
    SELECT FROM key_versions v JOIN key_version_usage u ON u.key_id = v.key_id AND u.version_number = v.number
    WHERE ${newestActive} AND (${Prisma.join(any, ' OR ')}) OFFSET 0)`
}

/** Of all projects, since few versions get there; each key is then looked up in its project. */
function reachedCandidates(thresholds: readonly EncryptionThreshold[]): Prisma.Sql {
  const least = Math.min(...thresholds.map(({ encryptions }) => encryptions))
  return Prisma.sql`SELECT key_id FROM key_version_usage WHERE encryptions >= ${least}::bigint`
}

/** Joins conditions that must all hold. */
export function allOf(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.join([...conditions], ' AND ')
}

/** What key_search knows, as conditions on a row `s` of it: for one look-up, so that the index combines the terms. */
function termConditionsOf(filter: KeyListFilter): readonly Prisma.Sql[] {
  const { projectId, createdBy, usage, algorithm, owner, origin, search, labels = [] } = filter
  const termOf = (text: Prisma.Sql) => Prisma.sql`key_search_term(${projectId}, ${text})`
  const factOf = (name: string, value: string) => termOf(Prisma.sql`${`${name} ${value}`}`)
  const all = given(
    createdBy !== undefined && factOf('creator', createdBy),
    owner !== undefined && factOf('owner', owner),
    usage !== undefined && factOf('usage', usage),
    origin !== undefined && factOf('origin', origin),
    ...labels.map(({ name, value }) => factOf('label', value === null ? name : `${name}=${value}`)),
  )
  return given(
    all.length > 0 && Prisma.sql`s.terms @> ARRAY[${Prisma.join(all)}]`,
    algorithm !== undefined &&
      algorithm.length > 0 &&
      Prisma.sql`s.terms && ARRAY[${Prisma.join(algorithm.map((name) => factOf('algorithm', name)))}]`,
    search !== undefined &&
      Prisma.sql`(s.terms @> key_search_terms_of(${projectId}, key_search_folded(${search.text}))
        OR s.terms @> ARRAY[${termOf(Prisma.sql`'long text'`)}])`,
  )
}

/** Whether a text of a row `s` of key_search contains the one to find. */
function contains(column: 'name_text' | 'hidden_text', { text }: KeySearch): Prisma.Sql {
  return Prisma.sql`strpos(s.${Prisma.raw(column)}, key_search_folded(${text})) > 0`
}

function containsText(search: KeySearch): Prisma.Sql {
  return Prisma.sql`EXISTS (SELECT FROM key_search s WHERE s.key_id = k.id AND (${contains('name_text', search)}
    OR (${contains('hidden_text', search)} AND ${seesWhole(search.viewer, Prisma.sql`k`)})) OFFSET 0)`
}

/** SQL condition that the row of a live key has labels. Service keys have none. */
export function hasLabels(keys: Prisma.Sql, labels: readonly WantedLabel[]): Prisma.Sql {
  const contained = labels.map(({ name, value }) => (value === null ? { name } : { name, value }))
  return Prisma.sql`${keys}.labels @> ${JSON.stringify(contained)}::text::jsonb`
}

/** Whether a version has one of the states; one whose waiting period has ended counts as destroyed. */
function isInState({ among, now }: VersionStatusAt): Prisma.Sql {
  const plain = among.filter((status) => status !== 'DESTROY_SCHEDULED')
  const moment = Prisma.sql`${now}::timestamptz`
  return Prisma.sql`(${Prisma.join(
    [
      Prisma.sql`v.status = ANY(${plain}::"KeyVersionStatus"[])`,
      ...(among.includes('DESTROYED')
        ? [Prisma.sql`(v.status = 'DESTROY_SCHEDULED' AND v.destroy_scheduled_for <= ${moment})`]
        : []),
      ...(among.includes('DESTROY_SCHEDULED')
        ? [Prisma.sql`(v.status = 'DESTROY_SCHEDULED' AND v.destroy_scheduled_for > ${moment})`]
        : []),
    ],
    ' OR ',
  )})`
}

function isOneOf(statuses: readonly KeyRow['status'][]): Prisma.Sql {
  if (statuses.length === 0) return Prisma.sql`false`
  return Prisma.sql`k.status IN (${Prisma.join(statuses.map((status) => Prisma.sql`${status}::"KeyStatus"`))})`
}

function given(...conditions: readonly (Prisma.Sql | false | null | undefined)[]): Prisma.Sql[] {
  return conditions.filter((condition) => condition instanceof Prisma.Sql)
}
