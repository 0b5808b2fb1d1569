// What a user gives to `keystead-prisma` as `--client`.
import { PrismaPg } from '@prisma/adapter-pg'
import { createClient } from '../../packages/client/src/index.ts'
import { fieldEncryption } from '../../packages/prisma/src/index.ts'
import { PrismaClient } from './generated/client.ts'
import { encryptedFields } from './generated/encrypted-fields.ts'

const { SHOP_DATABASE_URL = '', KEYSTEAD_URL = '', KEYSTEAD_TOKEN = '' } = process.env

/** The client of the shop. */
export const prisma = new PrismaClient({ adapter: new PrismaPg(SHOP_DATABASE_URL) }).$extends(
  fieldEncryption({
    keystead: createClient({ url: KEYSTEAD_URL, token: KEYSTEAD_TOKEN }),
    fields: encryptedFields,
  }),
)
