import type { Queryable } from './sql.ts'

/** Identifies a key by project and ID, as caches do. */
export interface KeyIdentity {
  readonly projectId: string
  readonly id: string
}

/** Stands in {@link KeyChange.lostBy} for all who had access by their roles alone. No subject is written like it. */
export const everyone = '*'

/** A committed change of one key. */
export interface KeyChange extends KeyIdentity {
  /** Whether everyone who may list the project's keys can see what has changed. */
  readonly isShown: boolean
  /** Subjects that lost access: they owned the key, were on its access list before, or had access as everyone. */
  readonly lostBy: readonly string[]
}

/** A committed change of the role bindings of one subject. */
export interface RoleChange {
  readonly projectId: string
  /** Subject string. */
  readonly subject: string
}

/** Callbacks of a listener. */
export interface KeyChangeEvents {
  /** Called for each change, by whichever replica. One change may be reported several times. */
  onChange(change: KeyChange): void
  /** Called for each change of role bindings, by whichever replica. */
  onRoles(change: RoleChange): void
  /** Called when changes may have been missed: everything cached from the database is then out of date. */
  onGap(): void
  onListening(): void
  /** Called once for each connection that ends, and for the first attempt that fails, with the reason. */
  onLost(reason: string): void
}

/** Listens for the changes that all replicas make. */
export interface KeyChangeListener {
  close(): Promise<void>
}

/** PostgreSQL channel of the announcements. */
export const channel = 'keystead_keys'
/** Below PostgreSQL's limit of 8,000 bytes for one notification. */
const payloadBytesMax = 7900

/**
 * Announces changes of keys in one statement, with what callers without access may learn of them: changes of hidden fields
 * are not announced to them. The database delivers notifications when the transaction commits.
 */
export async function announceChanges(tx: Queryable, changes: readonly KeyChange[]): Promise<void> {
  // As text, because the function's own result has no type that the client reads.
  await tx.$queryRaw`SELECT count(pg_notify(${channel}, payload)::text)::int
    FROM unnest(${changes.flatMap(payloadsOf)}::text[]) AS t(payload)`
}

/** Announces a change of role bindings. Earlier releases do not know the form, and drop everything that they cached. */
export async function announceRoles(tx: Queryable, { projectId, subject }: RoleChange): Promise<void> {
  const payload = JSON.stringify({ roles: [projectId, subject] })
  await tx.$queryRaw`SELECT pg_notify(${channel}, ${payload})::text`
}

function payloadsOf({ projectId, id, isShown, lostBy }: KeyChange): readonly string[] {
  const payloads = isShown ? [JSON.stringify([projectId, id, []])] : []
  let part: string[] = []
  for (const subject of lostBy) {
    const longer = JSON.stringify([projectId, id, [...part, subject]])
    if (part.length > 0 && Buffer.byteLength(longer) > payloadBytesMax) {
      payloads.push(JSON.stringify([projectId, id, part]))
      part = []
    }
    part.push(subject)
  }
  if (part.length > 0) payloads.push(JSON.stringify([projectId, id, part]))
  // One text for each key: PostgreSQL delivers equal payloads once for each transaction.
  return payloads.length === 0 ? [JSON.stringify([projectId, id])] : payloads
}

/** Passes an announcement on. An unreadable one counts as a gap. */
export function receiveAnnouncement(
  payload: string | undefined,
  events: Pick<KeyChangeEvents, 'onChange' | 'onRoles' | 'onGap'>,
): void {
  const change = parseChange(payload)
  if (change === null) events.onGap()
  else if ('subject' in change) events.onRoles(change)
  else events.onChange(change)
}

/** Returns null for a payload that no replica of this release sends. */
function parseChange(payload: string | undefined): KeyChange | RoleChange | null {
  try {
    const value: unknown = JSON.parse(payload ?? '')
    if (!Array.isArray(value)) return parseRoleChange(value)
    const [projectId, id, lostBy = null, ...rest] = value as unknown[]
    if (typeof projectId !== 'string' || typeof id !== 'string' || rest.length > 0) return null
    if (lostBy === null) return { projectId, id, isShown: false, lostBy: [] }
    if (!Array.isArray(lostBy) || !lostBy.every((each) => typeof each === 'string')) return null
    return { projectId, id, isShown: lostBy.length === 0, lostBy }
  } catch {
    return null
  }
}

function parseRoleChange(value: unknown): RoleChange | null {
  const { roles } = value as { roles?: unknown }
  if (!Array.isArray(roles) || roles.length !== 2) return null
  const [projectId, subject] = roles as unknown[]
  return typeof projectId === 'string' && typeof subject === 'string' ? { projectId, subject } : null
}
