import { systemTroubleOf, type Trouble, textOfCode } from '../system-errors.ts'
import { causesOf, codesOf, isUnavailable, UnfitServerError } from './errors.ts'

const schemaText =
  'The tables are not where they are looked for. Check search_path of the user and of the database.'

/** Why a database failed. */
export interface DatabaseTrouble extends Trouble {
  /** True if the text is about this code and not a general one. */
  readonly isKnown: boolean
}

/** Advice by SQLSTATE; whole classes by their first two characters. */
const stateTexts: Readonly<Record<string, string>> = {
  '08': 'The connection was broken. Check that the database runs.',
  '25006': 'The server takes no changes: it is a standby, or was set to be read-only.',
  '28': 'The server does not let this user in. Check pg_hba.conf, TLS, and that the role may log in.',
  '28P01': 'The server does not accept the password. Check user and password in DATABASE_URL.',
  '3D000': 'There is no database of that name. Check DATABASE_URL.',
  '3F000': schemaText,
  '40': 'Other transactions were in the way again and again. Look for deadlocks in the log of the server.',
  '42501': 'The user lacks a right. Make it the owner of the database.',
  '42P01': schemaText,
  '53': 'The server lacks memory or other means. Its log has more.',
  '53100': 'The disk of the database is full. Make room on it.',
  '53300':
    'The server has no connection left for this user. Raise max_connections or the CONNECTION LIMIT of the role, or lower DATABASE_POOL_SIZE.',
  '55P03': 'A lock was not granted within lock_timeout. Look for who holds it (pg_locks, pg_stat_activity).',
  '57': 'The server is starting or stopping, or an operator ended the connection.',
  '57014':
    'A statement took longer than statement_timeout. Look for who holds a lock, or for load (pg_stat_activity).',
  '58': 'The server cannot read or write its files. Its log has more.',
  XX: 'The server has found damaged data, or a fault of its own. Its log has more.',
}

/** Failures of connections that have no code, recognised by the driver's message. */
const wordedTroubles: readonly (readonly [RegExp, Trouble])[] = [
  [
    /^timeout exceeded when trying to connect|^P20(?:24|28)$/,
    {
      code: 'POOL_TIMEOUT',
      text: 'No connection of the pool became free in time. Look for slow statements, or raise DATABASE_POOL_SIZE.',
    },
  ],
  [
    /^Connection terminated|^timeout expired|^ConnectionClosed$/,
    { code: 'CONNECTION_LOST', text: 'The connection was broken, or there was no answer in time.' },
  ],
]

/** Why a database failed, for the operator; null if the error is none of a database. Never the text of the error. */
export function databaseTroubleOf(error: unknown): DatabaseTrouble | null {
  const codes = codesOf(error)
  const state = codes.find(isSqlState)
  if (state !== undefined) {
    const text = stateTexts[state] ?? stateTexts[state.slice(0, 2)]
    const isKnown = text !== undefined
    return { code: state, text: text ?? 'The log of the database server has more.', isKnown }
  }
  const causes = causesOf(error)
  const unfit = causes.find((cause) => cause instanceof UnfitServerError)
  if (unfit instanceof UnfitServerError) {
    return { code: 'UNFIT_SERVER', text: `The server cannot be used: ${unfit.message}.`, isKnown: true }
  }
  const named = codes.find((code) => textOfCode(code) !== null)
  const system = named === undefined ? systemTroubleOf(error) : { code: named, text: textOfCode(named) ?? '' }
  if (system !== null) return { ...system, isKnown: true }
  const words = [...causes.flatMap((cause) => (cause instanceof Error ? cause.message : [])), ...codes]
  const worded = wordedTroubles.find(([pattern]) => words.some((word) => pattern.test(word)))
  if (worded !== undefined) return { ...worded[1], isKnown: true }
  return isUnavailable(error)
    ? { code: codes[0] ?? 'NO_CONNECTION', text: 'The database cannot be reached.', isKnown: false }
    : null
}

/** Codes of Prisma look alike, but only those of PL/pgSQL begin with P0; errnos of five letters have no digit. */
function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) && !/^P[1-9]/.test(code)
}
