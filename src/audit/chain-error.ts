/** A chain is not as its only writer left it; for the log and the operator. */
export class ChainError extends Error {
  constructor(number: number) {
    super(
      `audit chain ${number} is not as this server left it: it was changed outside of the server, or the database was set back; the server goes on with a new chain`,
    )
  }
}
