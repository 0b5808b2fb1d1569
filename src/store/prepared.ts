import type { Prisma } from './generated/client.ts'

/**
 * Names under which connections keep statements prepared, so that the server parses and plans each of them once. Only
 * frequent statements have one: each takes memory on each connection, and one plan for all values is worse where the
 * values matter to the planner.
 */
export type PreparedName =
  | 'append_audit_events'
  | 'find_key_in_use'
  | 'find_whole_key'
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
