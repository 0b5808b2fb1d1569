import { KeysteadError } from '../errors.ts'
import type { BackupTable } from '../store/rows/backup-rows.ts'

/** A backup cannot be made, read or restored. The text is for the operator. */
export class BackupError extends KeysteadError {
  readonly code = 'INTERNAL'
}

/** The first line inside a backup. */
export interface BackupHeader {
  readonly format: 1
  /** Newest migration of the source database. */
  readonly migration: string
  /** Moment of the snapshot, RFC 3339. */
  readonly createdAt: string
  readonly source: 'embedded' | 'postgres'
  /** Root keys that are needed to open what is in it. */
  readonly rootKeyIds: readonly string[]
}

/** The last line inside a backup. */
export interface BackupTrailer {
  /** Records by table. */
  readonly counts: Readonly<Record<string, number>>
  /** SHA-256 over all lines before this one with their line breaks, in hexadecimal. */
  readonly sha256: string
}

/** One row: its table, and its columns as PostgreSQL writes them in JSON, unchanged. */
export interface BackupRecord {
  readonly table: BackupTable
  readonly json: string
}

/** The first line. */
export function formatHeader(header: BackupHeader): string {
  return JSON.stringify({ header })
}

/** The last line. */
export function formatTrailer(trailer: BackupTrailer): string {
  return JSON.stringify({ trailer })
}

/** A row's line. The JSON is not parsed on its way, so that numbers beyond JavaScript's stay what they are. */
export function formatRecord({ table, json }: BackupRecord): string {
  return `${table}\t${json}`
}
