import type { BenchPostgres } from './bench-postgres.ts'

/** One line of the table: what was wanted, and what it came to. */
export interface Line {
  readonly what: string
  readonly target: string
  readonly figure: string
  /** Null where there is nothing to meet, or where this machine cannot tell. */
  readonly isMet: boolean | null
  /** What the figure depends on, and figures beside it. */
  readonly conditions: string
}

/** What parts are run with. */
export interface Bench {
  /** A short form that shows that everything works; its figures say little. */
  readonly isQuick: boolean
  /** Of each measurement. */
  readonly seconds: number
  /** How often what is compared takes turns. */
  readonly rounds: number
  /** Keys in the projects whose pages are compared, the smallest first. */
  readonly sizes: readonly number[]
  readonly postgres: BenchPostgres
  /** Tells whoever waits. */
  note(text: string): void
}

/** Some lines that are measured together. Throws if an answer is wrong, and never for a figure. */
export interface Part {
  readonly name: string
  readonly summary: string
  run(bench: Bench): Promise<Line[]>
}

/** Settings of servers that get more load from one caller than is good for others. */
export const loadSettings: Readonly<Record<string, string>> = { RATE_LIMIT_UNITS: '1000000000' }
