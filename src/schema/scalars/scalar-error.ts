import { KeysteadError } from '../../errors.ts'

/** A value cannot be read as its scalar. The text says what is wrong with it, and never the value itself. */
export class ScalarError extends KeysteadError {
  readonly code = 'BAD_USER_INPUT'
}
