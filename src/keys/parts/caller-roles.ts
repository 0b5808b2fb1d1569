import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import { findProjectRoles, type ProjectRolesRow, readBindings } from '../../store/rows/project-roles-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { subjectsOf } from '../rules/access.ts'
import type { Caller, Role } from '../rules/caller.ts'
import { bindingsInForce, isRole, type RoleBinding } from '../rules/role-bindings.ts'

/** Roles of callers: those of their tokens, and those that are bound to them in their project. */
export interface CallerRoles {
  /** The caller of a token, with the roles that are bound to it at the moment. */
  of(caller: Caller): Promise<Caller>
  /** The bindings of a project that have not expired, from the database. */
  bindingsIn(projectId: string): Promise<readonly RoleBinding[]>
  /** Forgets the bindings of a project: the next look-up reads the database. */
  invalidate(projectId: string): void
  /** Forgets all bindings, when changes may have been missed. */
  clear(): void
}

/** Most projects whose bindings are in memory. */
const projectsMax = 10_000

interface Entry {
  readonly loadedAtMs: number
  readonly bindings: Promise<readonly RoleBinding[]>
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
  readonly lifetimeMs: number
}): CallerRoles {
  const { db, clock, policyMac, alert, lifetimeMs } = options
  const entries = new LRUCache<string, Entry>({ max: projectsMax })
  const callers = new WeakMap<Caller, KnownCaller>()

  async function load(projectId: string): Promise<readonly RoleBinding[]> {
    const row = await findProjectRoles(db, projectId)
    if (row === null) return []
    if (policyMac.isAuthenticProjectRoles(row)) return bindingsOf(row)
    // Bindings only add roles. Without them, the roles of tokens still count.
    alert(new IntegrityError('role bindings', row.id))
    return []
  }

  /** All bindings of a project, also expired ones. The same array until they are read again. */
  function stored(projectId: string): Promise<readonly RoleBinding[]> {
    const known = entries.get(projectId)
    const loadedAtMs = performance.now()
    if (known !== undefined && loadedAtMs - known.loadedAtMs < lifetimeMs) return known.bindings
    const entry: Entry = { loadedAtMs, bindings: load(projectId) }
    // It stands from the start of its load, so that a change in the meantime removes it.
    entries.set(projectId, entry)
    entry.bindings.catch(() => {
      if (entries.peek(projectId) === entry) entries.delete(projectId)
    })
    return entry.bindings
  }

  return {
    async of(caller) {
      const bindings = await stored(caller.projectId)
      if (bindings.length === 0) return caller
      const now = clock.now()
      const known = callers.get(caller)
      if (known?.bindings === bindings && now.getTime() < known.untilMs) return known.caller
      const bound = withBindings(caller, bindings, now)
      callers.set(caller, { bindings, ...bound })
      return bound.caller
    },
    async bindingsIn(projectId) {
      return bindingsInForce(await load(projectId), clock.now())
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

/** The caller with the roles that are bound to it, and until when they are exactly these. */
function withBindings(
  caller: Caller,
  bindings: readonly RoleBinding[],
  now: Date,
): Pick<KnownCaller, 'caller' | 'untilMs'> {
  const subjects = subjectsOf(caller)
  const own = bindingsInForce(bindings, now).filter(({ subject }) => subjects.has(subject))
  const untilMs = Math.min(...own.map(({ expiresAt }) => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY))
  const boundRoles: ReadonlySet<Role> = new Set(own.map(({ role }) => role)).difference(caller.roles)
  if (boundRoles.size === 0) return { caller, untilMs }
  return { caller: { ...caller, roles: caller.roles.union(boundRoles), boundRoles }, untilMs }
}
