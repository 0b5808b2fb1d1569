import { Prisma } from './generated/client.ts'

/** The expression in SQL for each field of a row, without its table; every field has one. */
export type Columns<Row> = Readonly<Record<keyof Row & string, string>>

/** What a raw statement selects of a table, under the names that the fields have in the program, with a prefix. */
export function select<Row>(table: string, columns: Columns<Row>, prefix = ''): Prisma.Sql {
  const expressions = Object.entries<string>(columns)
  return Prisma.raw(
    expressions.map(([name, expression]) => `${table}.${expression} AS "${prefix}${name}"`).join(', '),
  )
}

/** The fields with a prefix, without it: the part of a joined row that is of one table. */
export function partOf<Row>(joined: Readonly<Record<string, unknown>>, prefix: string): Row {
  const fields = Object.entries(joined).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(fields.map(([name, value]) => [name.slice(prefix.length), value])) as Row
}
