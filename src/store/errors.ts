import { KeysteadError } from '../errors.ts'
import { isConnectionCode } from '../system-errors.ts'
import { Prisma } from './generated/client.ts'

/** The store cannot be opened. The text is for the operator. */
export class StoreError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
}

/** Another process has the folder of the embedded database open. */
export class FolderInUseError extends StoreError {}

/** A database server answers but cannot be used. Its text is for operators only. */
export class UnfitServerError extends Error {
  /** Prisma passes on the codes of errors that it does not know, but not their classes. */
  readonly code = 'UNAVAILABLE'
}

/** True if a statement failed because it violates a unique constraint. */
export function isUniqueViolation(error: unknown): boolean {
  // Prisma's code for its own statements, and PostgreSQL's for raw ones.
  return codesOf(error).some(
    (code) => code === 'P2002' || code === '23505' || code === 'UniqueConstraintViolation',
  )
}

/**
 * Whether a transaction failed only because of another one at the same time (deadlock or serialization failure:
 * SQLSTATE 40P01 and 40001), so that the same work may succeed when it is done again.
 */
export function isRetryable(error: unknown): boolean {
  return codesOf(error).some((code) => code === 'P2034' || code === '40P01' || code === '40001')
}

/** Prisma's codes for a database that cannot be reached, closed the connection, or has none free in time. */
const unavailableCodes = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
  // Code of UnfitServerError.
  'UNAVAILABLE',
])

/** The driver's names for the same, which are all that a failed raw statement tells of it. */
const unavailableKinds = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
])

/**
 * PostgreSQL's classes for the same (Appendix A of its manual): 08 connection exception, 28 invalid authorization,
 * 40 transaction rollback, 53 insufficient resources, 57 operator intervention, 58 system error; 25P03 and 25P04, a
 * transaction that was ended by a limit of time; 3D000, 3F000 and 42P01, the database, the schema or the tables are not
 * there; 42501, the user lacks a right; 55P03, a lock was not granted in time; and 25006, which a former primary answers
 * after a failover.
 */
const unavailableStates = /^(?:08|28|40|53|57|58)...$|^(?:25006|25P03|25P04|3D000|3F000|42501|42P01|55P03)$/

/** Texts of the errors without a code with which pg reports a lost connection, or that none was free in time. */
const unavailableTexts =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Client has encountered a connection error)/

/** True if the database is unavailable or busy, as opposed to a mistake in the statement. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  return causesOf(error).some((cause) => {
    const { code, originalCode, kind } = cause as { code?: unknown; originalCode?: unknown; kind?: unknown }
    if (typeof kind === 'string' && unavailableKinds.has(kind)) return true
    if (cause instanceof Error && unavailableTexts.test(cause.message)) return true
    return [code, originalCode].some(
      (each) =>
        typeof each === 'string' &&
        (unavailableCodes.has(each) || isConnectionCode(each) || unavailableStates.test(each)),
    )
  })
}

/** Codes of an error and its causes, those of the database before those of the libraries. */
export function codesOf(error: unknown): string[] {
  const causes = causesOf(error) as { code?: unknown; originalCode?: unknown; kind?: unknown }[]
  const codes = [
    ...causes.map(({ originalCode }) => originalCode),
    ...causes.map(({ code }) => code),
    ...causes.map(({ kind }) => kind),
  ]
  return codes.filter((code) => typeof code === 'string')
}

/** An error and its causes. Prisma keeps the driver's error in `meta` and in `cause`. */
export function causesOf(error: unknown, depth = 0): object[] {
  if (typeof error !== 'object' || error === null || depth > 5) return []
  const { cause, meta } = error as { cause?: unknown; meta?: { driverAdapterError?: unknown } }
  return [error, ...causesOf(cause, depth + 1), ...causesOf(meta?.driverAdapterError, depth + 1)]
}
