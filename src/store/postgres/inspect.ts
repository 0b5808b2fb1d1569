import { createPostgresClients } from './clients.ts'

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
  /** True if two sessions were seen on one connection of the server, as behind a pooler in transaction mode. */
  readonly sharesSessions: boolean
}

/** Timeout of each statement, in milliseconds. */
const answerMs = 5000
/** Questions to each of two sessions. */
const poolerRounds = 5

const facts = `SELECT current_setting('server_version') AS version, current_user AS role,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
  has_schema_privilege(current_schema(), 'CREATE') AS create_tables,
  pg_database_size(current_database())::float8 AS bytes,
  (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS connections_max`

const lackingRights = `SELECT c.relname || ' (' || p.privilege || ')' AS lacking
  FROM pg_class c CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
    AND c.relname <> '_prisma_migrations' AND NOT has_table_privilege(c.oid, p.privilege)
  ORDER BY c.relname, p.privilege`

/**
 * Looks at a database without changing anything. Two sessions are open meanwhile.
 *
 * @throws Error of the driver, if the database cannot be reached
 */
export async function inspectPostgres(databaseUrl: string): Promise<PostgresFacts> {
  const clients = createPostgresClients(databaseUrl)
  const [first, second] = [0, 1].map(() =>
    clients.createClient({ application_name: 'keystead doctor' }, answerMs),
  )
  if (first === undefined || second === undefined) throw new TypeError('two sessions are needed')
  try {
    await first.connect()
    const { rows } = await first.query(facts)
    const { rows: lacking } = await first.query(lackingRights)
    await second.connect()
    const sharesSessions = await shareSession(first, second)
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
      sharesSessions,
    }
  } finally {
    first.cut('it was inspected')
    second.cut('it was inspected')
  }
}

/** Asks both sessions in turn for the process that serves them: each has its own, unless a pooler lends it out. */
async function shareSession(
  ...sessions: readonly { query(sql: string): Promise<{ rows: { pid: number }[] }> }[]
): Promise<boolean> {
  const seen = sessions.map(() => new Set<number | undefined>())
  for (let round = 0; round < poolerRounds; round++) {
    for (const [index, session] of sessions.entries()) {
      const { rows } = await session.query('SELECT pg_backend_pid() AS pid')
      seen[index]?.add(rows[0]?.pid)
    }
  }
  const all = new Set(seen.flatMap((pids) => [...pids]))
  return all.size !== sessions.length || seen.some(({ size }) => size !== 1)
}
