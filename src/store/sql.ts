import { Prisma } from './generated/client.ts'

/** A table and its columns, by the fields of its rows. MACs and hashes cover the fields in this order. */
export interface Table<Row> {
  readonly name: string
  readonly columns: Readonly<Record<keyof Row & string, string>>
  /**
   * Fields whose columns came after the first release, with the values that migrations gave to existing rows: a plain
   * value or an empty list. MACs do not cover a later column with this value, so that existing rows keep theirs.
   */
  readonly later?: Partial<Row>
  /** Fields of type `date`, which are `YYYY-MM-DD` in the program. */
  readonly days?: readonly (keyof Row)[]
}

/** Readonly row of a Prisma model, with bytes in any array and the fields in `Days` as `YYYY-MM-DD`. */
export type RowOf<Model, Days extends keyof Model = never> = {
  readonly [Field in keyof Model]: Stored<Field extends Days ? DayOf<Model[Field]> : Model[Field]>
}

type DayOf<Value> = Value extends Date ? string : Value

type Stored<Value> = Value extends Uint8Array
  ? Uint8Array
  : Value extends readonly (infer Item)[]
    ? readonly Item[]
    : Value

/** Fields of a table in the order of its columns, without some of them. */
export function fieldsOf<Row, Left extends keyof Row & string = never>(
  { columns }: Pick<Table<Row>, 'columns'>,
  leftOut: readonly Left[] = [],
): readonly Exclude<keyof Row & string, Left>[] {
  const left: readonly string[] = leftOut
  return Object.keys(columns).filter((field) => !left.includes(field)) as Exclude<keyof Row & string, Left>[]
}

/** Select list of a table in a raw statement: every column under the name of its field, after a prefix. */
export function select<Row>(alias: string, table: Table<Row>, prefix = ''): Prisma.Sql {
  const items = fieldsOf(table).map((field) => {
    const type = table.days?.includes(field) ? '::text' : ''
    return `${alias}.${table.columns[field]}${type} AS "${prefix}${field}"`
  })
  return Prisma.raw(items.join(', '))
}

/** Row of one table out of a joined row whose columns were selected with a prefix. */
export function rowOf<Row>(
  joined: Readonly<Record<string, unknown>>,
  table: Table<Row>,
  prefix: string,
): Row {
  const row: Record<string, unknown> = {}
  for (const field in table.columns) row[field] = joined[prefix + field]
  return row as Row
}

/** Inserts rows in one statement and skips those that violate a unique constraint. Returns how many it inserted. */
export function insertRows<Row>(
  tx: Queryable,
  table: Table<Row>,
  rows: readonly Row[],
  { skipDuplicates = false } = {},
): Promise<number> {
  const name = Prisma.raw(table.name)
  const columns = Prisma.raw(Object.values(table.columns).join(', '))
  return tx.$executeRaw`
    INSERT INTO ${name} (${columns})
    SELECT ${columns} FROM json_populate_recordset(NULL::${name}, ${jsonOf(table, rows)}::text::json)
    ${skipDuplicates ? Prisma.sql`ON CONFLICT DO NOTHING` : Prisma.empty}`
}

/** Replaces some fields of existing rows, found by their IDs, in one statement. */
export async function updateRows<Row extends { readonly id: string }>(
  tx: Queryable,
  table: Table<Row>,
  rows: readonly Row[],
  fields: readonly (keyof Row & string)[],
): Promise<void> {
  if (rows.length === 0) return
  const name = Prisma.raw(table.name)
  const changes = Prisma.raw(
    fields.map((field) => `${table.columns[field]} = t.${table.columns[field]}`).join(', '),
  )
  const count = await tx.$executeRaw`
    UPDATE ${name} SET ${changes}
    FROM json_populate_recordset(NULL::${name}, ${jsonOf(table, rows, ['id', ...fields])}::text::json) AS t
    WHERE ${name}.id = t.id`
  if (count !== rows.length) throw new TypeError(`${rows.length - count} rows of ${table.name} are missing`)
}

/** Rows as `json_populate_recordset` reads them: by column, each value in PostgreSQL's text form. */
function jsonOf<Row>(
  { columns }: Table<Row>,
  rows: readonly Row[],
  fields: readonly (keyof Row & string)[] = fieldsOf({ columns }),
): string {
  return JSON.stringify(
    rows.map((row) => Object.fromEntries(fields.map((field) => [columns[field], jsonValue(row[field])]))),
  )
}

function jsonValue(value: unknown): unknown {
  return value instanceof Uint8Array ? `\\x${hex(value)}` : value
}

/** Bytes in hexadecimal, as `decode(…, 'hex')` of PostgreSQL reads them. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/**
 * Names under which connections keep statements prepared, so that the server parses and plans each of them once. Only
 * frequent statements have one: each takes memory on each connection, and one plan for all values is worse where the
 * values matter to the planner.
 */
export type PreparedName =
  | 'append_audit_events'
  | 'find_key_by_name'
  | 'find_keys_in_use'
  | 'find_whole_key'
  | 'find_whole_key_by_name'
  | 'set_encryptions_aside'
  | `page_by_${'name' | 'created_at'}_${'asc' | 'desc'}${'' | '_after'}${'' | '_before'}`

/** Names by text, since Prisma passes nothing else of a statement to its driver. Each name stands for one text. */
const names = new Map<string, PreparedName>()

/** Names a statement, which PostgreSQL then keeps prepared. */
export function prepared(name: PreparedName, statement: Prisma.Sql): Prisma.Sql {
  names.set(statement.text, name)
  return statement
}

/** Name of a statement with this text; empty for one that is not kept prepared. */
export function preparedName(text: string): PreparedName | '' {
  return names.get(text) ?? ''
}

/** Client for rows: the database, or one transaction on it. */
export type Queryable = Prisma.TransactionClient
