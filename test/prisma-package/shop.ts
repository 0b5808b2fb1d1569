import { PGlite } from '@electric-sql/pglite'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { type ClientOptions, createClient, type KeysteadClient } from '../../packages/client/src/index.ts'
import { type FieldEncryptionOptions, fieldEncryption } from '../../packages/prisma/src/index.ts'
import { createEmptyDatabase } from '../support/databases.ts'
import { endStory, type Story, startStory } from '../support/story.ts'
import { PrismaClient } from './generated/client.ts'
import { encryptedFields } from './generated/encrypted-fields.ts'
import { tables } from './tables.ts'

/** A client of the shop's database, with encryption. */
export type Shop = ReturnType<typeof extend>

function extend(plain: PrismaClient, options: FieldEncryptionOptions) {
  return plain.$extends(fieldEncryption(options))
}

/** A database of a shop, and a Keystead server for it. */
export interface ShopStory {
  readonly story: Story
  /** The database as it is stored. */
  readonly plain: PrismaClient
  /** The same with encryption. */
  readonly shop: Shop
  readonly keystead: KeysteadClient
  /** Requests to Keystead since the last look. */
  takeCalls(): number
  /** SQL with its parameters since the last look. */
  takeStatements(): string
  /** Another process with its own data keys. */
  another(options?: Partial<FieldEncryptionOptions>): Shop
  /** Empties all tables. */
  clear(): Promise<void>
  /** Where the database is; null for the embedded one. */
  readonly databaseUrl: string | null
  /** A client of Keystead with these options. */
  clientOf(options?: Partial<ClientOptions>): KeysteadClient
  end(): Promise<void>
}

/** Starts a Keystead server and an empty shop on a database of the kind that this run is for. */
export async function startShop(): Promise<ShopStory> {
  const story = await startStory()
  let calls = 0
  const clientOf = (options: Partial<ClientOptions> = {}) =>
    createClient({
      url: story.app.url,
      token: () => story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }),
      fetch(input, init) {
        calls += 1
        return fetch(input, init)
      },
      ...options,
    })
  const keystead = clientOf()
  await keystead.createUserKey({ name: 'customers' })
  await keystead.createUserKey({
    name: 'customers-index',
    usage: 'GENERATE_VERIFY_MAC',
    algorithm: 'HMAC_SHA256',
  })
  const { plain, databaseUrl, takeStatements, close } = await openShopDatabase()
  return {
    story,
    plain,
    shop: extend(plain, { keystead, fields: encryptedFields }),
    keystead,
    takeCalls() {
      const taken = calls
      calls = 0
      return taken
    },
    takeStatements,
    another: (options) => extend(plain, { keystead: clientOf(), fields: encryptedFields, ...options }),
    async clear() {
      await plain.$executeRawUnsafe(
        'TRUNCATE "Tenant", "customers", "Order", "Profile", "Tag", "_CustomerToTag"',
      )
    },
    databaseUrl,
    clientOf,
    async end() {
      await close()
      await endStory(story)
    },
  }
}

/** A database with the tables, and a client that knows nothing of encryption. */
export async function openShopDatabase() {
  const { databaseUrl, dispose } = await createEmptyDatabase()
  if (databaseUrl !== null) {
    const { plain, takeStatements } = loggingClient(new PrismaPg(databaseUrl))
    for (const statement of tables.split(';\n')) await plain.$executeRawUnsafe(statement)
    const close = () => plain.$disconnect().then(dispose)
    return { plain, databaseUrl, takeStatements, close }
  }
  const pglite = new PGlite()
  await pglite.exec(tables)
  const { plain, takeStatements } = loggingClient(new PrismaPGlite(pglite))
  return {
    plain,
    databaseUrl,
    takeStatements,
    async close() {
      await plain.$disconnect()
      await pglite.close()
      await dispose()
    },
  }
}

/** A client that remembers the last statements. */
function loggingClient(adapter: PrismaPg | PrismaPGlite) {
  const plain = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] })
  const kept = 500
  let statements: string[] = []
  plain.$on('query', ({ query, params }) => {
    statements = [...statements.slice(-kept), `${query} ${params}`]
  })
  return {
    plain: plain as unknown as PrismaClient,
    takeStatements() {
      const taken = statements.join('\n')
      statements = []
      return taken
    },
  }
}
