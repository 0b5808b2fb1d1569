import { algorithms, findAlgorithm } from '../../crypto/algorithms.ts'
import type { KeyType, KeyUsage } from '../../crypto/capabilities.ts'
import {
  countKeys,
  findKeyPage,
  type KeyListFilter,
  type KeyPosition,
  type ListedKey,
} from '../../store/rows/key-pages.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { requireRoleFor } from '../parts/request.ts'
import { viewerOf } from '../rules/access.ts'
import { canonicalSubject, parseSubject, type RequestContext } from '../rules/caller.ts'
import type { KeyStatus } from '../rules/errors.ts'
import { databaseTime, InputIssues } from '../rules/input.ts'
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

/** Filter of user keys. Redacted keys match no condition on a hidden field: all but the first five. */
export interface UserKeyFilter {
  readonly namePrefix?: string | null | undefined
  readonly accessControlEnabled?: boolean | null | undefined
  readonly createdBy?: string | null | undefined
  readonly createdAfter?: Date | null | undefined
  readonly createdBefore?: Date | null | undefined
  readonly status?: readonly KeyStatus[] | null | undefined
  readonly type?: KeyType | null | undefined
  readonly usage?: KeyUsage | null | undefined
  readonly algorithm?: readonly string[] | null | undefined
  readonly automaticRotationEnabled?: boolean | null | undefined
}

/** Filter of service keys. */
export interface ServiceKeyFilter {
  readonly namePrefix?: string | null | undefined
  readonly status?: readonly KeyStatus[] | null | undefined
}

/** Order of user keys: always-visible fields only. */
export interface UserKeyOrder {
  readonly field: 'NAME' | 'CREATED_AT'
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
  checkFilter(filter)
  const rows = keyList(parts, call, {
    filter: userKeyListFilter(call, filter, parts.clock.now()),
    order,
  })
  return rows.page(page, (view) => (view.kind === 'USER' ? view : null))
}

/** The service keys of the caller's project, by name. */
export async function serviceKeys(
  parts: Dependencies,
  call: RequestContext,
  page: PageArguments,
  filter: ServiceKeyFilter,
): Promise<Page<ServiceKeyView>> {
  requireRoleFor(call, 'VIEW')
  checkFilter(filter)
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

function checkFilter(filter: Pick<UserKeyFilter, 'namePrefix' | 'createdBy'>): void {
  const createdBy = filter.createdBy ?? null
  const issues = new InputIssues()
  issues.require(
    /^[A-Za-z0-9_-]{0,64}$/.test(filter.namePrefix ?? ''),
    'filter.namePrefix',
    'must have at most 64 letters, digits, "-" or "_"',
  )
  issues.require(
    createdBy === null || parseSubject(createdBy) !== null,
    'filter.createdBy',
    'must be a subject, e.g. user:alice or service-account:ci',
  )
  issues.throwIfAny()
}

/** A filter on a hidden field leaves out redacted keys, whatever its value. */
function userKeyListFilter(call: RequestContext, filter: UserKeyFilter, now: Date): KeyListFilter {
  const { caller } = call
  const { status, type, usage, algorithm, automaticRotationEnabled } = filter
  const asksHidden = [status, type, usage, algorithm, automaticRotationEnabled].some(
    (value) => value !== null && value !== undefined,
  )
  return {
    projectId: caller.projectId,
    kind: 'USER',
    visibleTo: asksHidden || caller.kind === 'SERVICE_AGENT' ? viewerOf(caller, now) : null,
    namePrefix: filter.namePrefix ?? undefined,
    accessControlEnabled: filter.accessControlEnabled ?? undefined,
    createdBy: filter.createdBy ? canonicalSubject(filter.createdBy) : (filter.createdBy ?? undefined),
    createdAfter: filter.createdAfter ? databaseTime(filter.createdAfter) : undefined,
    createdBefore: filter.createdBefore ? databaseTime(filter.createdBefore) : undefined,
    // Without duplicates, which a client may send.
    status: status ? [...new Set(status)] : undefined,
    usage: usage ?? undefined,
    algorithm: algorithmsOf(type, algorithm),
    rotationEnabled: automaticRotationEnabled ?? undefined,
  }
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
  const { visibleTo } = filter
  const list: CursorList = {
    key: parts.cursorMac,
    // The moment is not part of the list: a page must go on from the one before.
    name: JSON.stringify([{ ...filter, visibleTo: visibleTo && { ...visibleTo, now: null } }, order]),
  }

  async function read(plan: PagePlan): Promise<ListedKey[]> {
    const ascending = (order.direction === 'ASC') === plan.forward
    const start = positionOf(plan.forward ? plan.after : plan.before)
    const end = positionOf(plan.forward ? plan.before : plan.after)
    return findKeyPage(db, {
      filter,
      orderBy: order.field,
      direction: ascending ? 'asc' : 'desc',
      after: start,
      before: end,
      max: plan.size + 1,
    })
  }

  return {
    async page<T>(page: PageArguments, itemOf: (view: KeyView) => T | null): Promise<Page<T>> {
      const plan = planPage(page, list)
      const rows = await read(plan)
      const views = await viewsOfListed(parts, call, rows.slice(0, plan.size))
      return makePage(rows, plan, list, {
        cursorValuesOf: ({ key }) => [key.createdAt.getTime(), key.name],
        itemOf({ key }) {
          const view = views.get(key.id)
          return view === undefined ? null : itemOf(view)
        },
        totalCount: () => countKeys(db, filter),
      })
    },
  }
}

function positionOf(values: CursorValues | null): KeyPosition | null {
  if (values === null) return null
  const [createdAt, name] = values
  return { createdAt: new Date(Number(createdAt)), name: String(name) }
}
