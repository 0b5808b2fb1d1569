import type pg from 'pg'
import { UnfitServerError } from '../errors.ts'

/** State of a server at the start of a session. */
export interface ServerState {
  /** True for a standby, or a server that was set to read-only. */
  readonly isReadOnly: boolean
  /** Grows with each promotion of a standby; 0 where it was not asked for, or the server is a standby. */
  readonly timeline: number
}

/**
 * What Keystead relies on, whatever the server's defaults are; by statement, because poolers such as PgBouncer refuse
 * unknown startup parameters.
 */
const settings = `
    -- Prisma reads and writes times without their zone, as UTC.
    set_config('TimeZone', 'UTC', false),
    -- The drivers read values in these forms only.
    set_config('DateStyle', 'ISO, MDY', false),
    set_config('IntervalStyle', 'postgres', false),
    set_config('bytea_output', 'hex', false),
    set_config('extra_float_digits', '1', false),
    set_config('standard_conforming_strings', 'on', false),
    -- Rows are locked and then read: with a stricter level the read would see them as they were before the lock.
    set_config('default_transaction_isolation', 'read committed', false),
    -- A server that no longer answers, or a client that died inside a transaction, must not hold a lock for ever.
    set_config('statement_timeout', '15s', false),
    set_config('idle_in_transaction_session_timeout', '20s', false),
    -- What is acknowledged is on disk; operators may ask for more than that, but not for less.
    CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END`

const state = `current_setting('transaction_read_only') = 'on' AS read_only, current_schema() IS NULL AS lacks_schema`
/** The first eight digits of the name of a file of the write-ahead log. */
const timeline = `CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline`

/**
 * Prepares a new session, and asks what the server is: in one statement, for each connection costs its time.
 *
 * @throws UnfitServerError if tables would be neither found nor made in it
 */
export async function prepareSession(
  client: pg.ClientBase,
  { asksTimeline }: { readonly asksTimeline: boolean },
): Promise<ServerState> {
  const columns = [state, ...(asksTimeline ? [timeline] : []), settings].join(', ')
  const { rows } = await client.query<StateRow>(`SELECT ${columns}`)
  const [row] = rows
  if (row?.lacks_schema === true) throw new UnfitServerError('search_path names no schema that is there')
  return { isReadOnly: row?.read_only !== false, timeline: Number.parseInt(row?.timeline ?? '0', 16) }
}

interface StateRow {
  readonly read_only: boolean
  readonly lacks_schema: boolean
  readonly timeline?: string | null
}
