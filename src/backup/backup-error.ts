import { KeysteadError } from '../errors.ts'

/** A backup cannot be made, read or restored, and why; for the operator. */
export class BackupError extends KeysteadError {
  readonly code = 'INTERNAL'
}
