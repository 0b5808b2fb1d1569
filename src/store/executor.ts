import type pg from 'pg'

/** Runs statements that give no rows, as Prisma's clients do: the values of a template are its parameters. */
export interface Executor {
  /** How many rows were written. */
  $executeRaw(texts: TemplateStringsArray, ...values: readonly (string | bigint)[]): PromiseLike<number>
}

/**
 * Runs them on connections of a pool, each a transaction of its own: for statements that cost less than what Prisma does
 * around them.
 */
export function createExecutor(pool: pg.Pool, onStatement: (sql: string) => void = () => {}): Executor {
  return {
    async $executeRaw(texts, ...values) {
      const text = texts.reduce((sql, next, index) => `${sql}$${index}${next}`)
      onStatement(text)
      const { rowCount } = await pool.query({ name: statementName(text), text, values: [...values] })
      return rowCount ?? 0
    },
  }
}

/**
 * The name under which a connection keeps a statement, so that the server reads and plans it once only. Not for all:
 * each costs the server memory on each connection, and one plan for all values is worse where they matter to it.
 */
export function statementName(sql: string): string {
  return /^\/\* prepared as (\w+) \*\//.exec(sql)?.[1] ?? ''
}
