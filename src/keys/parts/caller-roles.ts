import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import { isUnavailable } from '../../store/errors.ts'
import { findProjectRoles, type ProjectRolesRow, readBindings } from '../../store/rows/project-roles-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { subjectsOf } from '../rules/access.ts'
import type { Caller, Role } from '../rules/caller.ts'
import { UnavailableError } from '../rules/errors.ts'
import { inForce } from '../rules/input.ts'
import { isRole, type RoleBinding } from '../rules/role-bindings.ts'

/** Roles of callers: those of their tokens, and those that are bound to them in their project. */
export interface CallerRoles {
  /**
   * The caller of a token, with the roles that are bound to it at the moment.
   *
   * @throws UnavailableError
   */
  of(caller: Caller): Promise<Caller>
  /** The bindings of a project that have not expired, from the database. */
  bindingsIn(projectId: string): Promise<readonly RoleBinding[]>
  /** Forgets the bindings of a project: the next look-up reads the database. */
  invalidate(projectId: string): void
  /** Forgets all bindings, when changes may have been missed. */
  clear(): void
}

/** Most projects whose bindings are in memory, and most characters of their bindings together. */
const cacheMax = { projects: 10_000, characters: 50_000_000 } as const

interface Entry {
  readonly loadedAtMs: number
  readonly loading: Promise<Loaded>
}

interface Loaded {
  readonly bindings: readonly RoleBinding[]
  /** Size of their row. */
  readonly characters: number
}

/** A caller with its bound roles, as long as the bindings and their expiry allow. */
interface KnownCaller {
  readonly bindings: readonly RoleBinding[]
  readonly caller: Caller
  readonly untilMs: number
}

/** Builds the look-up. Its lifetime is monotonic time: it bounds how long changes by other replicas take. */
export function createCallerRoles(options: {
  readonly db: Queryable
  readonly clock: Clock
  readonly policyMac: PolicyMac
  readonly alert: (error: IntegrityError) => void
  /** Receives the cause of an outage of the database. */
  readonly onOutage: (part: 'database', error: unknown) => void
  readonly lifetimeMs: number
}): CallerRoles {
  const { db, clock, policyMac, alert, onOutage, lifetimeMs } = options
  const entries = new LRUCache<string, Entry>({ max: cacheMax.projects, maxSize: cacheMax.characters })
  const callers = new WeakMap<Caller, KnownCaller>()

  async function load(projectId: string): Promise<Loaded> {
    const row = await findProjectRoles(db, projectId).catch((error: unknown) => {
      if (!isUnavailable(error)) throw error
      onOutage('database', error)
      throw new UnavailableError()
    })
    if (row !== null && policyMac.isAuthenticProjectRoles(row)) {
      return { bindings: bindingsOf(row), characters: row.bindings.length }
    }
    // Bindings only add roles. Without them, the roles of tokens still count.
    if (row !== null) alert(new IntegrityError('role bindings', row.id))
    return { bindings: [], characters: 0 }
  }

  /** All bindings of a project, also expired ones. The same array until they are read again. */
  function stored(projectId: string): Promise<Loaded> {
    const known = entries.get(projectId)
    const loadedAtMs = performance.now()
    if (known !== undefined && loadedAtMs - known.loadedAtMs < lifetimeMs) return known.loading
    const entry: Entry = { loadedAtMs, loading: load(projectId) }
    const settle = (change: () => void) => {
      if (entries.peek(projectId) === entry) change()
    }
    // It stands from the start of its load, so that a change in the meantime removes it.
    entries.set(projectId, entry, { size: 1 })
    entry.loading.then(
      ({ characters }) => settle(() => entries.set(projectId, entry, { size: 1 + characters })),
      () => settle(() => entries.delete(projectId)),
    )
    return entry.loading
  }

  return {
    async of(caller) {
      const { bindings } = await stored(caller.projectId)
      if (bindings.length === 0) return caller
      const now = clock.now()
      const known = callers.get(caller)
      if (known?.bindings === bindings && now.getTime() < known.untilMs) return known.caller
      const bound = { caller: callerWith(bindings, caller, now), untilMs: nextExpiry(bindings, now) }
      callers.set(caller, { bindings, ...bound })
      return bound.caller
    },
    async bindingsIn(projectId) {
      return inForce((await load(projectId)).bindings, clock.now())
    },
    invalidate(projectId) {
      entries.delete(projectId)
    },
    clear() {
      entries.clear()
    },
  }
}

/** Bindings of a verified row. Roles of other releases are left out. */
export function bindingsOf(row: ProjectRolesRow): readonly RoleBinding[] {
  return readBindings(row).flatMap(({ role, ...rest }) => (isRole(role) ? [{ ...rest, role }] : []))
}

/** The caller with the roles that these bindings give it, in place of those that it was given by bindings before. */
export function callerWith(bindings: readonly RoleBinding[], caller: Caller, now: Date): Caller {
  const subjects = subjectsOf(caller)
  const own = inForce(bindings, now).filter(({ subject }) => subjects.has(subject))
  const ofToken = tokenRolesOf(caller)
  const boundRoles: ReadonlySet<Role> = new Set(own.map(({ role }) => role)).difference(ofToken)
  return { ...caller, roles: ofToken.union(boundRoles), boundRoles }
}

/** Roles that the caller's token gives. */
export function tokenRolesOf({ roles, boundRoles }: Caller): ReadonlySet<Role> {
  return boundRoles === undefined ? roles : roles.difference(boundRoles)
}

/** When the next of the bindings expires, in milliseconds. */
function nextExpiry(bindings: readonly RoleBinding[], now: Date): number {
  const ends = inForce(bindings, now).map(({ expiresAt }) => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY)
  return Math.min(...ends)
}
