import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One case: what it says must happen, and its inputs as hex. */
export interface VectorCase {
  readonly tcId: number
  readonly comment?: string
  readonly flags?: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly [input: string]: unknown
}

/** Cases with one key or one set of parameters. */
export interface VectorGroup {
  readonly type: string
  readonly tests: readonly VectorCase[]
  readonly [parameter: string]: unknown
}

/** A file of C2SP Wycheproof (testvectors_v1). */
export interface VectorFile {
  readonly name: string
  readonly algorithm: string
  readonly testGroups: readonly VectorGroup[]
}

/** The folder that WYCHEPROOF_DIR names, or one beside the project; null if there is none. */
export function findVectorFolder(): string | null {
  const named = process.env['WYCHEPROOF_DIR']
  if (named) return named
  const beside = join(import.meta.dirname, '../../../../shared/wycheproof')
  return existsSync(beside) ? beside : null
}

/** Reads every file with vectors in a folder. */
export function readVectorFiles(folder: string): VectorFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ ...JSON.parse(readFileSync(join(folder, name), 'utf8')), name }))
}

/** A field as text; a vector without it is a mistake in the runner. */
export function text(from: VectorGroup | VectorCase, field: string): string {
  const value = from[field]
  if (typeof value !== 'string') throw new TypeError(`the vector has no text "${field}"`)
  return value
}

/** A field as bytes. */
export function bytes(from: VectorGroup | VectorCase, field: string): Buffer {
  return Buffer.from(text(from, field), 'hex')
}

/** A field as a number. */
export function number(from: VectorGroup | VectorCase, field: string): number {
  const value = from[field]
  if (typeof value !== 'number') throw new TypeError(`the vector has no number "${field}"`)
  return value
}
