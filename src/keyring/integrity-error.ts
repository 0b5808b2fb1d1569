/**
 * A stored row does not carry its MAC: it was changed behind the server's back, or belongs to another installation.
 * For the log and the operator; callers get INTERNAL.
 */
export class IntegrityError extends Error {
  constructor(what: 'key' | 'key version' | 'key material', id: string) {
    super(`${what} ${id} does not verify: its row was changed outside of the server`)
  }
}
