/**
 * A stored row does not carry its MAC, or is gone: it was changed behind the server's back, or belongs to another
 * installation.
 * For the log and the operator; callers get INTERNAL.
 */
export class IntegrityError extends Error {
  constructor(
    what:
      | 'key'
      | 'deleted key'
      | 'key version'
      | 'key material'
      | 'import parameters'
      | 'role bindings'
      | 'audit chain'
      | 'audit event',
    id: string,
    how = 'its row was changed or removed outside of the server',
  ) {
    super(`${what} ${id} does not verify: ${how}`)
  }

  /** For rows of a key, or role bindings, that verify, though the newest record of its changes is of others. */
  static notAsRecorded(what: 'key' | 'role bindings', id: string): IntegrityError {
    return new IntegrityError(
      what,
      id,
      'its rows are not those that its newest change on record left; older ones were put back outside of the server, or the record was removed (keystead audit verify)',
    )
  }

  /** For the row of a version that is not there, though its key counts it. */
  static missingVersion(keyId: string, number: number): IntegrityError {
    return new IntegrityError('key version', `${number} of key ${keyId}`)
  }
}
