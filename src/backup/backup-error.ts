import { KeysteadError } from '../errors.ts'

/** A backup cannot be made, read or restored. The text is for the operator. */
export class BackupError extends KeysteadError {
  readonly code = 'INTERNAL'
}
