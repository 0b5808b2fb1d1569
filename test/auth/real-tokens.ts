import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A token that a real provider issued, without its signature. */
export interface RealToken {
  readonly provider: string
  readonly case: string
  /** Null for an opaque token. */
  readonly header: { readonly alg: string; readonly [member: string]: unknown } | null
  readonly payload: Readonly<Record<string, unknown>>
  readonly discovery: Readonly<Record<string, unknown>> | null
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | null
}

/** The folder with tokens that TOKENS_DIR names, or one beside the project; null if there is none. */
export const tokensFolder = findFolder()

function findFolder(): string | null {
  const named = process.env['TOKENS_DIR']
  const folder = named ?? join(import.meta.dirname, '../../../shared/tokens')
  if (existsSync(join(folder, 'README.md'))) return folder
  if (named !== undefined) throw new Error('TOKENS_DIR does not name a folder with tokens.')
  return null
}

/** All tokens of the folder by the names of their files, without the ending. */
export function readRealTokens(): ReadonlyMap<string, RealToken> {
  if (tokensFolder === null) return new Map()
  const folder = tokensFolder
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return new Map(
    files.map((file) => [
      file.slice(0, -'.json'.length),
      JSON.parse(readFileSync(join(folder, file), 'utf8')) as RealToken,
    ]),
  )
}
