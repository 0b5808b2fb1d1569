import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { codesOf, StoreError } from '../errors.ts'
import type { HostClient, PostgresClients } from './clients.ts'
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
export interface Trial {
  readonly sessions: Sessions
  /** True if a statement that was prepared under a name is there in each session that may get it. */
  readonly keepsNames: boolean
  /**
   * Tries locks of rows, for which there must be tables, and ends the trial.
   *
   * @throws StoreError that says what does not work
   */
  finish(): Promise<void>
  /** Ends the trial. */
  cancel(): Promise<void>
}

/** Timeout for a notification, in milliseconds: a busy server takes its time. */
const echoMs = 5000
/** Timeout for a statement, in milliseconds. */
const answerMs = 10_000
/** What PgBouncer says to BEGIN where each statement is a transaction. */
const protocolViolation = '08P01'
/** Codes of an unknown prepared statement, and of a right that is lacking. */
const [unknownStatement, noRight] = ['26000', '42501']
/** Any row that is in each database. */
const oneRow = 'SELECT 1 FROM _prisma_migrations WHERE id = (SELECT min(id) FROM _prisma_migrations)'

/**
 * Tries out what Keystead relies on, and what poolers and engines that speak PostgreSQL's protocol have in name only:
 * transactions, advisory locks, notifications, locks of rows. What would not work is better refused at the start than
 * found out by a caller.
 *
 * @throws StoreError that says what does not work
 */
export async function tryOut(
  first: pg.ClientBase,
  { clients, listening }: Addresses,
  warn: (text: string) => void,
): Promise<Trial> {
  const isApart = listening !== clients
  const second = clients.createClient({ application_name: 'trial of keystead' }, answerMs)
  try {
    await second.connect()
  } catch (error) {
    if (!isRefusal(error)) throw error
    warn('the database was not tried out: it has no second connection for this user')
    const end = async () => {}
    return { sessions: isApart ? 'shared' : 'own', keepsNames: !isApart, finish: end, cancel: end }
  }
  const cancel = () => second.end()
  try {
    const found = await compareSessions(first, second)
    await (isApart ? tryEcho(first, listening) : hearEcho(first, second))
    // An address of its own for the listener says that there is a pooler, seen or not.
    const sessions = isApart || found.areShared ? 'shared' : 'own'
    return {
      sessions,
      keepsNames: sessions === 'own' || found.keepsNames,
      async finish() {
        try {
          await tryRowLocks(first, second)
        } finally {
          await cancel()
        }
      },
      cancel,
    }
  } catch (error) {
    await cancel()
    throw error
  }
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
  await second.query('BEGIN').catch((error: unknown) => {
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
  await ear.connect()
  try {
    await hearEcho(first, ear, 'over DATABASE_LISTEN_URL')
  } finally {
    await ear.end()
  }
}

/** Sends a notification over one connection, and waits for it on another. */
async function hearEcho(first: pg.ClientBase, ear: HostClient, where?: string): Promise<void> {
  const channel = `keystead_trial_${randomBytes(8).toString('hex')}`
  const { promise: heard, resolve } = Promise.withResolvers<boolean>()
  ear.on('notification', (message) => {
    if (message.channel === channel) resolve(true)
  })
  const timer = setTimeout(() => resolve(false), echoMs)
  try {
    await ear.query(`LISTEN ${channel}`)
    await first.query(`NOTIFY ${channel}`)
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

async function tryRowLocks(first: pg.ClientBase, second: pg.ClientBase): Promise<void> {
  await second.query('BEGIN')
  try {
    await second.query(`${oneRow} FOR UPDATE`)
    const { rows } = await first.query(`${oneRow} FOR UPDATE SKIP LOCKED`)
    if (rows.length > 0)
      throw doesNothing('FOR UPDATE SKIP LOCKED does nothing: two sessions lock the same row')
  } catch (error) {
    // A role that may not lock this row may lock those that Keystead locks.
    if (!codesOf(error).includes(noRight)) throw error
  } finally {
    await second.query('ROLLBACK')
  }
}

function doesNothing(what: string): StoreError {
  return new StoreError(
    `${what}. Keystead needs PostgreSQL, or an engine that does the same (docs/postgresql.md).`,
  )
}
