/** Every UUID of a row is higher. */
export const lowestUuid = '00000000-0000-0000-0000-000000000000'

/** How a table is read in the order of a unique key. */
export interface PageReader<Row, Key> {
  /** Key before the first row. */
  readonly after: Key
  /** Reads the next rows after a key; none at the end of the table. */
  readonly find: (after: Key) => Promise<readonly Row[]>
  readonly keyOf: (row: Row) => Key
}

/** Reads a table page by page: each page begins after the last row of the one before. */
export async function* inPages<Row, Key>({
  after,
  find,
  keyOf,
}: PageReader<Row, Key>): AsyncGenerator<readonly Row[]> {
  for (let key = after; ; ) {
    const rows = await find(key)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    key = keyOf(last)
  }
}
