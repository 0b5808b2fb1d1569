import type pg from 'pg'
import { UnfitServerError } from '../errors.ts'

/** State of a server at the start of a session. */
export interface ServerState {
  /** True for a standby, or a server that was set to read-only. */
  readonly isReadOnly: boolean
  /** Grows with each promotion of a standby; 0 where it was not asked for, or the server is a standby. */
  readonly timeline: number
}

/** State of a server and of a session on it. */
export interface SessionState extends ServerState {
  /** What would better be set for its role; null where nothing is, or nothing was compared. */
  readonly advice: string | null
}

/**
 * Whose sessions a connection's statements run in: its own, or sessions that a pooler shares among connections, one
 * transaction after the other. On shared ones nothing may be set, since the next transaction belongs to somebody else.
 */
export type Sessions = 'own' | 'shared'

/** A setting of a session that Keystead relies on. */
interface Setting {
  readonly name: string
  readonly value: string
  /** Whether another value does as well; by default none does. */
  fits?(value: string): boolean
  /** True if Keystead is correct without it, and only slower to get over failures. */
  readonly isAdvice?: true
}

/**
 * What Keystead relies on, whatever the server's defaults are; set by statement, because poolers such as PgBouncer refuse
 * unknown startup parameters.
 */
const settings: readonly Setting[] = [
  // Prisma reads and writes times without their zone, as UTC.
  { name: 'TimeZone', value: 'UTC', fits: (value) => ['UTC', 'Etc/UTC', 'GMT'].includes(value) },
  // The drivers read values in these forms only.
  { name: 'DateStyle', value: 'ISO, MDY', fits: (value) => value.startsWith('ISO') },
  { name: 'IntervalStyle', value: 'postgres' },
  { name: 'bytea_output', value: 'hex' },
  { name: 'extra_float_digits', value: '1', fits: (value) => Number(value) >= 1 },
  { name: 'standard_conforming_strings', value: 'on' },
  // Rows are locked and then read: with a stricter level the read would see them as they were before the lock.
  { name: 'default_transaction_isolation', value: 'read committed' },
  // A server that no longer answers, or a client that died inside a transaction, must not hold a lock for ever.
  { name: 'statement_timeout', value: '15s', fits: (value) => value !== '0', isAdvice: true },
  {
    name: 'idle_in_transaction_session_timeout',
    value: '20s',
    fits: (value) => value !== '0',
    isAdvice: true,
  },
]
/** What is acknowledged is on disk; operators may ask for more than that, but not for less. */
const commits: Setting = { name: 'synchronous_commit', value: 'on', fits: (value) => value !== 'off' }

const setAll = [
  ...settings.map(({ name, value }) => `set_config('${name}', '${value}', false)`),
  `CASE current_setting('${commits.name}') WHEN 'off' THEN set_config('${commits.name}', '${commits.value}', false) END`,
].join(', ')
const readAll = `json_build_object(${[...settings, commits].map(({ name }) => `'${name}', current_setting('${name}')`).join(', ')}) AS settings`

const state = `current_setting('transaction_read_only') = 'on' AS read_only, current_schema() IS NULL AS lacks_schema`
/** The first eight digits of the name of a file of the write-ahead log. */
const timeline = `CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline`

/**
 * Prepares a new session, and asks what the server is: in one statement, for each connection costs its time. Shared sessions,
 * and those that may be, are left as they are; the settings of shared ones are compared.
 *
 * @throws UnfitServerError if tables would be neither found nor made in it, or shared sessions have other settings
 */
export async function prepareSession(
  client: pg.ClientBase,
  { asksTimeline, sessions }: { readonly asksTimeline: boolean; readonly sessions: Sessions | null },
): Promise<SessionState> {
  const columns = [
    state,
    ...(asksTimeline ? [timeline] : []),
    ...(sessions === 'own' ? [setAll] : []),
    ...(sessions === 'shared' ? [readAll] : []),
  ]
  const { rows } = await client.query<StateRow>(`SELECT ${columns.join(', ')}`)
  const [row] = rows
  if (row?.lacks_schema === true) throw new UnfitServerError('search_path names no schema that is there')
  return {
    isReadOnly: row?.read_only !== false,
    timeline: Number.parseInt(row?.timeline ?? '0', 16),
    advice: row?.settings === undefined ? null : compare(row.settings),
  }
}

/** @returns what would better be set, if anything */
function compare(found: Readonly<Record<string, string>>): string | null {
  const others = [...settings, commits].filter(({ name, value, fits }) => {
    const is = found[name] ?? ''
    return is !== value && fits?.(is) !== true
  })
  const needed = others.filter(({ isAdvice }) => !isAdvice)
  if (needed.length > 0) {
    const list = needed.map(({ name }) => `${name} is ${found[name]}`).join(', ')
    throw new UnfitServerError(`behind a pooler nothing is set on sessions, and ${list}; ${remedy(needed)}`)
  }
  return others.length === 0 ? null : remedy(others)
}

function remedy(wanted: readonly Setting[]): string {
  const statements = wanted.map(({ name, value }) => `ALTER ROLE CURRENT_USER SET ${name} TO '${value}'`)
  return `run ${statements.join('; ')}; then let the pooler reconnect`
}

interface StateRow {
  readonly read_only: boolean
  readonly lacks_schema: boolean
  readonly timeline?: string | null
  readonly settings?: Readonly<Record<string, string>>
}
