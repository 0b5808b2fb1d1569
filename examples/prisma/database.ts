import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { createClient, NameTakenError } from '@keystead/client'
import { fieldEncryption } from '@keystead/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { PrismaClient } from './generated/client.ts'
import { encryptedFields } from './generated/encrypted-fields.ts'

const { DATABASE_URL, DATABASE_FOLDER = 'data', KEYSTEAD_URL = 'http://127.0.0.1:4600' } = process.env

export const keystead = createClient({ url: KEYSTEAD_URL, token: process.env['KEYSTEAD_TOKEN'] ?? '' })

/** PostgreSQL, or PGlite in a folder where no address is given. */
const pglite = DATABASE_URL === undefined ? new PGlite(DATABASE_FOLDER) : null
const adapter = pglite === null ? new PrismaPg(DATABASE_URL ?? '') : new PrismaPGlite(pglite)

/** The database as it is stored. */
export const plain = new PrismaClient({ adapter })

/** The same with encryption: what the program works with. */
export const prisma = plain.$extends(fieldEncryption({ keystead, fields: encryptedFields }))

/** Makes the table and the keys where they are missing. */
export async function prepare(): Promise<void> {
  await keystead.createUserKey({ name: 'prisma-customers' }).catch(ignoreTaken)
  const index = { usage: 'GENERATE_VERIFY_MAC', algorithm: 'HMAC_SHA256' } as const
  await keystead.createUserKey({ name: 'prisma-customers-index', ...index }).catch(ignoreTaken)
  await plain.$executeRawUnsafe(readFileSync(join(import.meta.dirname, 'tables.sql'), 'utf8'))
}

function ignoreTaken(error: unknown): void {
  if (!(error instanceof NameTakenError)) throw error
}

/** Ends the connection, and erases the data keys. */
export async function close(): Promise<void> {
  await plain.$disconnect()
  await pglite?.close()
  keystead.close()
}
