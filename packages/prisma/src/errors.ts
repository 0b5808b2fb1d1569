/** Marks of a Prisma schema that cannot work. `problems` has one sentence for each. */
export class EncryptionSchemaError extends Error {
  override readonly name = 'EncryptionSchemaError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`Encrypted fields of the Prisma schema cannot work as they are marked:\n- ${problems.join('\n- ')}`)
    this.problems = problems
  }
}

/** A query that cannot be done on encrypted fields. Nothing was sent to the database. */
export class UnsupportedQueryError extends Error {
  override readonly name = 'UnsupportedQueryError'
}

/** A stored value cannot be opened: it is of another row, field or key, was changed, or is not encrypted. */
export class UnreadableValueError extends Error {
  override readonly name = 'UnreadableValueError'
  readonly model: string
  readonly field: string

  constructor(message: string, { model, field, cause }: { model: string; field: string; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.model = model
    this.field = field
  }
}
