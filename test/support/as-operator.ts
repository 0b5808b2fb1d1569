import pg from 'pg'

/** Runs statements on a PostgreSQL database beside the store, and gives the rows of the last one. */
export async function asOperator(
  url: string | null,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url ?? '' })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) ({ rows } = await client.query(statement))
    return rows
  } finally {
    await client.end()
  }
}
