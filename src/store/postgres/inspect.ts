import { StoreError } from '../errors.ts'
import { createPostgresClients, type HostClient } from './clients.ts'
import type { Sessions } from './session.ts'
import { type Addresses, tryOut } from './trial.ts'

/** State of a PostgreSQL database and of the role that Keystead uses. */
export interface PostgresFacts {
  readonly version: string
  readonly role: string
  readonly isSuperuser: boolean
  /** True if the role may make tables, as migrations do. */
  readonly mayCreate: boolean
  /** Tables on which the role lacks a right that a server needs, with the right. */
  readonly lacking: readonly string[]
  readonly databaseBytes: number
  /** Connections of all roles, and how many the server allows. */
  readonly connections: number
  readonly connectionsMax: number
  /** Whose sessions its connections use; else what does not work. */
  readonly sessions: Sessions | StoreError
}

/** Timeout of each statement, in milliseconds. */
const answerMs = 5000

const facts = `SELECT current_setting('server_version') AS version, current_user AS role,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
  has_schema_privilege(current_schema(), 'CREATE') AS create_tables,
  pg_database_size(current_database())::float8 AS bytes,
  (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS connections_max`

const lackingRights = `SELECT c.relname || ' (' || p.privilege || ')' AS lacking
  FROM pg_class c CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname <> '_prisma_migrations' AND NOT has_table_privilege(c.oid, p.privilege)
  ORDER BY c.relname, p.privilege`

/**
 * Looks at a database and tries it out, without changing anything.
 *
 * @throws Error of the driver, if the database cannot be reached
 */
export async function inspectPostgres(databaseUrl: string, listenUrl: string | null): Promise<PostgresFacts> {
  const clients = createPostgresClients(databaseUrl)
  const listening = listenUrl === null ? clients : createPostgresClients(listenUrl)
  const first = clients.createClient({ application_name: 'keystead doctor' }, answerMs)
  try {
    await first.connect()
    const { rows } = await first.query(facts)
    const { rows: lacking } = await first.query(lackingRights)
    const [row] = rows
    return {
      version: row.version,
      role: row.role,
      isSuperuser: row.superuser === true,
      mayCreate: row.create_tables === true,
      lacking: lacking.map((each: { lacking: string }) => each.lacking),
      databaseBytes: row.bytes,
      connections: row.connections,
      connectionsMax: row.connections_max,
      sessions: await sessionsOf(first, { clients, listening }),
    }
  } finally {
    first.cut('it was inspected')
  }
}

async function sessionsOf(first: HostClient, addresses: Addresses): Promise<Sessions | StoreError> {
  try {
    return (await tryOut(first, addresses, () => {})).sessions
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
}
