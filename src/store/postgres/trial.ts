import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { databaseTroubleOf } from '../database-trouble.ts'
import { codesOf, StoreError } from '../errors.ts'
import type { HostClient, PostgresClients } from './clients.ts'
import { reasonOf } from './hosts.ts'
import { isRefusal } from './pool.ts'
import type { Sessions } from './session.ts'

/** Ways to one database. */
export interface Addresses {
  /** For statements. */
  readonly clients: PostgresClients
  /** For the session that listens; the same unless DATABASE_LISTEN_URL is set. */
  readonly listening: PostgresClients
}

/** What a trial found out. */
export interface Findings {
  readonly sessions: Sessions
  /** True if a statement that was prepared under a name is there in each session that may get it. */
  readonly keepsNames: boolean
}

/** Timeout for a notification, in milliseconds: a busy server takes its time. */
const echoMs = 5000
/** Timeout for a statement, in milliseconds. */
const answerMs = 10_000
/** Timeout for the end of a session, in milliseconds. */
const endMs = 1000
/** What PgBouncer says to BEGIN where each statement is a transaction. */
const protocolViolation = '08P01'
/** Codes of an unknown prepared statement, and of a right that is lacking. */
const [unknownStatement, noRight] = ['26000', '42501']
/** Any row that is in each database. */
const oneRow =
  'SELECT 1 FROM _prisma_migrations WHERE id = (SELECT min(id) FROM _prisma_migrations) FOR UPDATE SKIP LOCKED'
/** Locks of a connection that is lost meanwhile end soon. */
const begin = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '20s'`

/**
 * Tries out what Keystead relies on, and what poolers and engines that speak PostgreSQL's protocol have in name only:
 * transactions, advisory locks, notifications. What would not work is better refused at the start than found out by a
 * caller.
 *
 * @throws StoreError that says what does not work
 */
export async function tryOut(
  first: pg.ClientBase,
  { clients, listening }: Addresses,
  warn: (text: string) => void,
): Promise<Findings> {
  const isApart = listening !== clients
  const found = await withSecond(clients, async (second) => {
    const compared = await compareSessions(first, second)
    await (isApart ? tryEcho(first, listening) : hearEcho(first, second))
    return compared
  })
  if (found === null) {
    warn('the database was not tried out: it has no second connection for this user')
    return { sessions: isApart ? 'shared' : 'own', keepsNames: !isApart }
  }
  // An address of its own for the listener says that there is a pooler, seen or not.
  const sessions = isApart || found.areShared ? 'shared' : 'own'
  return { sessions, keepsNames: sessions === 'own' || found.keepsNames }
}

/**
 * Tries locks of rows, for which there must be tables.
 *
 * @throws StoreError if they do nothing
 */
export async function tryRowLocks(first: pg.ClientBase, { clients }: Addresses): Promise<void> {
  await withSecond(clients, async (second) => {
    await second.query(begin)
    try {
      const { rows: locked } = await second.query(oneRow)
      const { rows: others } = await first.query(oneRow)
      // Without the first, another server tries the same row at this moment.
      if (locked.length > 0 && others.length > 0)
        throw doesNothing('FOR UPDATE SKIP LOCKED does nothing: two sessions lock the same row')
    } catch (error) {
      // A role that may not lock this row may lock those that Keystead locks.
      if (!codesOf(error).includes(noRight)) throw error
    } finally {
      await second.query('ROLLBACK')
    }
  })
}

/** Works with one more connection, and drops it; null where there is none left. */
async function withSecond<T>(
  clients: PostgresClients,
  work: (second: HostClient) => Promise<T>,
): Promise<T | null> {
  const second = clients.createClient({ application_name: 'trial of keystead' }, answerMs)
  try {
    await second.connect()
  } catch (error) {
    if (isRefusal(error)) return null
    throw error
  }
  try {
    return await work(second)
  } finally {
    await endQuickly(second)
  }
}

/** Ends a session in order if the other end does so, too; a silent one must not delay the start. */
async function endQuickly(client: HostClient): Promise<void> {
  const timer = setTimeout(() => client.cut('the trial is over'), endMs)
  await client.end().catch(() => {})
  clearTimeout(timer)
}

/** Looks whether a transaction of one connection takes a session away from another, and tries an advisory lock. */
async function compareSessions(
  first: pg.ClientBase,
  second: pg.ClientBase,
): Promise<{ areShared: boolean; keepsNames: boolean }> {
  const name = `trial_${randomBytes(8).toString('hex')}`
  const lock = randomBytes(8).readBigInt64BE()
  const askFirst = async () => {
    const { rows } = await first.query<{ pid: number }>({ name, text: 'SELECT pg_backend_pid() AS pid' })
    return rows[0]?.pid
  }
  const before = await askFirst()
  await second.query(begin).catch((error: unknown) => {
    if (!codesOf(error).includes(protocolViolation)) throw error
    throw new StoreError(
      'DATABASE_URL leads to a pooler that lets no transaction through (pool_mode = statement). Use its transaction or session mode.',
    )
  })
  const { rows: taken } = await second.query<{ pid: number }>(
    `SELECT pg_backend_pid() AS pid, pg_advisory_xact_lock(${lock})`,
  )
  const after = await askFirst().catch((error: unknown) => {
    if (!codesOf(error).includes(unknownStatement)) throw error
    return null
  })
  const { rows: tried } = await first.query<{ free: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${lock}) AS free`,
  )
  await second.query('COMMIT')
  if (tried[0]?.free !== false) throw doesNothing('Advisory locks do nothing: two sessions hold the same one')
  // The name may be that of another session behind a pooler, which keeps it until it ends.
  if (after === before) await first.query(`DEALLOCATE ${name}`).catch(() => {})
  return {
    areShared: taken[0]?.pid === before || after !== before,
    keepsNames: after !== null && after !== before,
  }
}

async function tryEcho(first: pg.ClientBase, listening: PostgresClients): Promise<void> {
  const ear = listening.createClient({ application_name: 'trial of keystead' }, answerMs)
  try {
    await ear.connect()
  } catch (error) {
    const advice = databaseTroubleOf(error)?.text ?? 'Check address, name and password.'
    throw new StoreError(
      `The database at DATABASE_LISTEN_URL cannot be reached (${reasonOf(error)}). ${advice}`,
    )
  }
  try {
    await hearEcho(first, ear, 'over DATABASE_LISTEN_URL')
  } finally {
    await endQuickly(ear)
  }
}

/** Sends a notification over one connection, and waits for it on another. */
async function hearEcho(first: pg.ClientBase, ear: HostClient, where?: string): Promise<void> {
  const channel = `keystead_trial_${randomBytes(8).toString('hex')}`
  const { promise: heard, resolve } = Promise.withResolvers<boolean>()
  ear.on('notification', (message) => {
    if (message.channel === channel) resolve(true)
  })
  let timer: NodeJS.Timeout | undefined
  try {
    await ear.query(`LISTEN ${channel}`)
    await first.query(`NOTIFY ${channel}`)
    // Only now: a commit may wait for standbys.
    timer = setTimeout(() => resolve(false), echoMs)
    if (await heard) return
  } finally {
    clearTimeout(timer)
    await ear.query(`UNLISTEN ${channel}`).catch(() => {})
  }
  throw new StoreError(
    where === undefined
      ? 'Notifications do not arrive over DATABASE_URL, so that this server would not hear of changes by others. If there is a pooler in transaction mode, set DATABASE_LISTEN_URL to an address of the same database that leads past it (docs/postgresql.md).'
      : `Notifications that are sent over DATABASE_URL do not arrive ${where}. It must lead to the same database, past every pooler in transaction mode (docs/postgresql.md).`,
  )
}

function doesNothing(what: string): StoreError {
  return new StoreError(
    `${what}. Keystead needs PostgreSQL, or an engine that does the same (docs/postgresql.md).`,
  )
}
