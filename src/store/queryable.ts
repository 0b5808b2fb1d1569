import type { Prisma } from './generated/client.ts'

/** What rows are read and written through: the database, or one transaction on it. */
export type Queryable = Prisma.TransactionClient
