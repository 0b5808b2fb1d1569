import { algorithms, findAlgorithm } from '../../crypto/algorithms.ts'
import type { KeyType, KeyUsage } from '../../crypto/capabilities.ts'
import { type EncryptionThreshold, type KeyListFilter, readsCandidates } from '../../store/rows/key-filter.ts'
import {
  countKeys,
  countKeysByStatus,
  findKeyPage,
  type KeyPageQuery,
  type KeyPosition,
  type ListedKey,
} from '../../store/rows/key-pages.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { readMany, requireRoleFor } from '../parts/request.ts'
import { viewerOf } from '../rules/access.ts'
import { canonicalSubject, parseSubject, type RequestContext } from '../rules/caller.ts'
import { countedAlgorithms, nearLimitFrom } from '../rules/encryption-limits.ts'
import { type KeyOrigin, type KeyStatus, type KeyVersionStatus, keyStatuses } from '../rules/errors.ts'
import { databaseTime, InputIssues } from '../rules/input.ts'
import { checkLabelConditions, type LabelCondition, wantedLabels } from '../rules/labels.ts'
import { type CalendarDay, dayAt } from '../rules/lifecycle.ts'
import { textFault } from '../rules/names.ts'
import {
  type CursorList,
  type CursorValues,
  makePage,
  type Page,
  type PageArguments,
  type PagePlan,
  planPage,
} from './pages.ts'
import { viewsOfListed } from './verified-rows.ts'
import type { KeyView, ServiceKeyView, UserKeyView } from './views.ts'

/** Filter of user keys. */
export interface UserKeyFilter extends HiddenConditions {
  readonly search?: string | null | undefined
  readonly namePrefix?: string | null | undefined
  readonly accessControlEnabled?: boolean | null | undefined
  readonly createdBy?: string | null | undefined
  readonly createdAfter?: Date | null | undefined
  readonly createdBefore?: Date | null | undefined
}

/** Conditions on fields that redacted keys hide. A redacted key matches none of them, whatever its value. */
interface HiddenConditions {
  readonly labels?: readonly LabelCondition[] | null | undefined
  readonly owner?: string | null | undefined
  readonly status?: readonly KeyStatus[] | null | undefined
  readonly type?: KeyType | null | undefined
  readonly usage?: KeyUsage | null | undefined
  readonly algorithm?: readonly string[] | null | undefined
  readonly origin?: KeyOrigin | null | undefined
  readonly versionStatus?: readonly KeyVersionStatus[] | null | undefined
  readonly automaticRotationEnabled?: boolean | null | undefined
  readonly nextRotationBefore?: Date | null | undefined
  readonly destructionScheduledBefore?: Date | null | undefined
  readonly unusedSince?: Date | null | undefined
  readonly neverUsed?: boolean | null | undefined
  readonly canProtect?: boolean | null | undefined
  readonly nearEncryptionLimit?: boolean | null | undefined
}

/** Most characters of a text to search for. */
export const searchCharactersMax = 256

/** Filter of service keys. */
export interface ServiceKeyFilter {
  readonly namePrefix?: string | null | undefined
  readonly status?: readonly KeyStatus[] | null | undefined
}

/** Order of user keys. By a field that redacted keys hide, they are among the keys without a value, which come last. */
export interface UserKeyOrder {
  readonly field: 'NAME' | 'CREATED_AT' | 'NEXT_ROTATION' | 'LAST_USE'
  readonly direction: 'ASC' | 'DESC'
}

/** User keys of the caller's project, each full or redacted for the caller. */
export async function userKeys(
  parts: Dependencies,
  call: RequestContext,
  page: PageArguments,
  filter: UserKeyFilter,
  order: UserKeyOrder,
): Promise<Page<UserKeyView>> {
  requireRoleFor(call, 'VIEW')
  checkUserKeyFilter(filter)
  const rows = keyList(parts, call, { filter: userKeyListFilter(parts, call, filter), order })
  return rows.page(page, (view) => (view.kind === 'USER' ? view : null))
}

/** Numbers of the user keys that a filter matches. */
export interface UserKeyCounts {
  readonly total: number
  /** Those that are redacted for the caller, which hide their state. */
  readonly redacted: number
  /** The others by their state. */
  readonly byStatus: readonly { readonly status: KeyStatus; readonly count: number }[]
}

/** Counts the user keys of the caller's project. */
export async function userKeyCounts(
  parts: Dependencies,
  call: RequestContext,
  filter: UserKeyFilter,
): Promise<UserKeyCounts> {
  requireRoleFor(call, 'VIEW')
  checkUserKeyFilter(filter)
  const viewer = viewerOf(call.caller, parts.clock.now())
  const counted = userKeyListFilter(parts, call, filter)
  const found = await readMany(parts, call, () => countKeysByStatus(parts.store.db, counted, viewer))
  return {
    total: [...found.values()].reduce((sum, count) => sum + count, 0),
    redacted: found.get(null) ?? 0,
    byStatus: keyStatuses.map((status) => ({ status, count: found.get(status) ?? 0 })),
  }
}

/** The service keys of the caller's project, by name. */
export async function serviceKeys(
  parts: Dependencies,
  call: RequestContext,
  page: PageArguments,
  filter: ServiceKeyFilter,
): Promise<Page<ServiceKeyView>> {
  requireRoleFor(call, 'VIEW')
  const issues = new InputIssues()
  checkNamePrefix(issues, filter)
  issues.throwIfAny()
  const rows = keyList(parts, call, {
    filter: {
      projectId: call.caller.projectId,
      kind: 'SERVICE',
      visibleTo: null,
      namePrefix: filter.namePrefix ?? undefined,
      status: filter.status ?? undefined,
    },
    order: { field: 'NAME', direction: 'ASC' },
  })
  return rows.page(page, (view) => (view.kind === 'SERVICE' ? view : null))
}

function checkNamePrefix(issues: InputIssues, { namePrefix }: Pick<UserKeyFilter, 'namePrefix'>): void {
  issues.require(
    /^[A-Za-z0-9_-]{0,64}$/.test(namePrefix ?? ''),
    'filter.namePrefix',
    'must have at most 64 letters, digits, "-" or "_"',
  )
}

function checkUserKeyFilter(filter: UserKeyFilter): void {
  const issues = new InputIssues()
  checkNamePrefix(issues, filter)
  for (const field of ['createdBy', 'owner'] as const) {
    const subject = filter[field] ?? null
    issues.require(
      subject === null || parseSubject(subject) !== null,
      `filter.${field}`,
      'must be a subject, e.g. user:alice or service-account:ci',
    )
  }
  const { search, labels } = filter
  if (search !== null && search !== undefined) checkSearch(issues, search)
  if (labels) checkLabelConditions(issues, labels, 'filter.labels')
  issues.throwIfAny()
}

function checkSearch(issues: InputIssues, search: string): void {
  const max = searchCharactersMax
  const { length } = [...searchTextOf(search)]
  issues.require(
    length >= 1 && length <= max,
    'filter.search',
    `must have 1 to ${max} characters besides spaces at its ends`,
  )
  const fault = textFault(search)
  issues.require(fault === null, 'filter.search', fault ?? '')
}

/** The text to find. Labels and names are in this form of Unicode. */
function searchTextOf(search: string): string {
  return search.trim().normalize('NFC')
}

/** A filter on a hidden field leaves out redacted keys, whatever its value. */
function userKeyListFilter(
  { clock, settings }: Dependencies,
  { caller }: RequestContext,
  filter: UserKeyFilter,
): KeyListFilter {
  const { createdBy, createdAfter, createdBefore, search, ...others } = filter
  const { namePrefix, accessControlEnabled, ...hidden } = others
  const { labels, owner, status, type, usage, algorithm, origin, versionStatus } = hidden
  const { automaticRotationEnabled, nextRotationBefore, destructionScheduledBefore, unusedSince } = hidden
  const { neverUsed, canProtect, nearEncryptionLimit } = hidden
  const viewer = viewerOf(caller, clock.now())
  const conditions: readonly unknown[] = Object.values(hidden satisfies HiddenConditions)
  const asksHidden = conditions.some((value) => value !== null && value !== undefined)
  return {
    projectId: caller.projectId,
    kind: 'USER',
    visibleTo: asksHidden || caller.kind === 'SERVICE_AGENT' ? viewer : null,
    namePrefix: namePrefix ?? undefined,
    accessControlEnabled: accessControlEnabled ?? undefined,
    createdBy: createdBy ? canonicalSubject(createdBy) : (createdBy ?? undefined),
    createdAfter: createdAfter ? databaseTime(createdAfter) : undefined,
    createdBefore: createdBefore ? databaseTime(createdBefore) : undefined,
    search: typeof search === 'string' ? { text: searchTextOf(search), viewer } : undefined,
    labels: labels ? wantedLabels(labels) : undefined,
    owner: owner ? canonicalSubject(owner) : undefined,
    // Without duplicates, which a client may send.
    status: status ? [...new Set(status)] : undefined,
    usage: usage ?? undefined,
    algorithm: algorithmsOf(type, algorithm),
    origin: origin ?? undefined,
    versionStatus: versionStatus
      ? { among: [...new Set(versionStatus)], now: clock.certainNow() }
      : undefined,
    rotationEnabled: automaticRotationEnabled ?? undefined,
    rotationDueUntil: nextRotationBefore
      ? lastDayBefore(databaseTime(nextRotationBefore), settings.rotationTimeZone)
      : undefined,
    destruction: destructionScheduledBefore
      ? { now: clock.certainNow(), before: databaseTime(destructionScheduledBefore) }
      : undefined,
    unusedSince: unusedSince ? databaseTime(unusedSince) : undefined,
    neverUsed: neverUsed ?? undefined,
    canProtect: canProtect ?? undefined,
    encryptionsReached:
      typeof nearEncryptionLimit === 'boolean'
        ? { isReached: nearEncryptionLimit, by: nearLimits() }
        : undefined,
  }
}

function nearLimits(): readonly EncryptionThreshold[] {
  return [...countedAlgorithms()].map(([max, names]) => ({
    algorithms: names,
    encryptions: nearLimitFrom(max),
  }))
}

/** Days that the database can compare with. */
const days = { first: '0001-01-01', last: '9999-12-31' } as const

/** The last day that begins before a moment. */
function lastDayBefore(moment: Date, timeZone: string): CalendarDay {
  const day = dayAt(databaseTime(new Date(moment.getTime() - 1)), timeZone)
  if (/^\d{4}-/.test(day) && day >= days.first) return day
  return moment.getTime() < 0 ? days.first : days.last
}

function algorithmsOf(
  type: KeyType | null | undefined,
  wanted: readonly string[] | null | undefined,
): readonly string[] | undefined {
  if (!type) return wanted ?? undefined
  return (wanted ?? algorithms.map(({ name }) => name)).filter((name) => findAlgorithm(name)?.type === type)
}

/** The rows of a list, and pages of them. */
function keyList(
  parts: Dependencies,
  call: RequestContext,
  { filter, order }: { filter: KeyListFilter; order: UserKeyOrder },
) {
  const { db } = parts.store
  const orderBy = orderOf(parts, call, order)
  const list: CursorList = { key: parts.cursorMac, name: nameOf({ filter, orderBy, order }) }

  function read({ forward, after, before, size }: PagePlan): Promise<ListedKey[]> {
    const query: KeyPageQuery = {
      filter,
      orderBy,
      direction: order.direction === 'ASC' ? 'asc' : 'desc',
      backward: !forward,
      after: positionOf(forward ? after : before, orderBy),
      before: positionOf(forward ? before : after, orderBy),
      max: size + 1,
    }
    return readsCandidates(filter)
      ? readMany(parts, call, () => findKeyPage(db, query))
      : findKeyPage(db, query)
  }

  return {
    async page<T>(page: PageArguments, itemOf: (view: KeyView) => T | null): Promise<Page<T>> {
      const plan = planPage(page, list)
      const rows = await read(plan)
      const views = await viewsOfListed(parts, call, rows.slice(0, plan.size))
      return makePage(rows, plan, list, {
        cursorValuesOf: (row) => cursorValuesOf(row, orderBy),
        itemOf({ key }) {
          const view = views.get(key.id)
          return view === undefined ? null : itemOf(view)
        },
        totalCount: () => readMany(parts, call, () => countKeys(db, filter)),
      })
    },
  }
}

function orderOf(
  { clock }: Dependencies,
  { caller }: RequestContext,
  { field }: UserKeyOrder,
): KeyPageQuery['orderBy'] {
  if (field === 'NAME' || field === 'CREATED_AT') return field
  return { field, viewer: viewerOf(caller, clock.now()) }
}

/** Name of a list for its cursors, without the moment: a page must go on from the one before. */
function nameOf(list: object): string {
  return JSON.stringify(list, (name, value) => (name === 'now' ? null : value))
}

function cursorValuesOf({ key, value }: ListedKey, orderBy: KeyPageQuery['orderBy']): CursorValues {
  if (typeof orderBy === 'string') return [key.createdAt.getTime(), key.name]
  return [value instanceof Date ? value.getTime() : value, key.name]
}

function positionOf(values: CursorValues | null, orderBy: KeyPageQuery['orderBy']): KeyPosition | null {
  if (values === null) return null
  const [value = null, name] = values
  if (typeof orderBy === 'string') return { createdAt: new Date(Number(value)), name: String(name) }
  return { value: typeof value === 'number' ? new Date(value) : value, name: String(name) }
}
