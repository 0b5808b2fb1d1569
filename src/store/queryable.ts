import type { Prisma } from './generated/client.ts'

/** Client for rows: the database, or one transaction on it. */
export type Queryable = Prisma.TransactionClient
