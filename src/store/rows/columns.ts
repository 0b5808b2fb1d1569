import { Prisma } from '../generated/client.ts'

/** The expression in SQL for each field of a row, without its table; every field has one. */
export type Columns<Row> = Readonly<Record<keyof Row & string, string>>

/** What a raw statement selects of a table, under the names that the fields have in the program, with a prefix. */
export function select<Row>(table: string, columns: Columns<Row>, prefix = ''): Prisma.Sql {
  const expressions = Object.entries<string>(columns)
  return Prisma.raw(
    expressions.map(([name, expression]) => `${table}.${expression} AS "${prefix}${name}"`).join(', '),
  )
}

/** The part of a joined row that is of one table, whose columns were selected with a prefix. */
export function partOf<Row>(
  joined: Readonly<Record<string, unknown>>,
  columns: Columns<Row>,
  prefix: string,
): Row {
  const row: Record<string, unknown> = {}
  for (const name in columns) row[name] = joined[prefix + name]
  return row as Row
}
