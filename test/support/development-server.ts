// A server of development mode on PostgreSQL, for tests of the console with its personas: no setting allows it, because personas
// are for the machines of developers. STORE_URL is the address of the database.
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'

const { STORE_URL: databaseUrl = '', ...environment } = process.env
const app = await createApp({ ...readConfig(environment), DATABASE_URL: databaseUrl })
console.log(`Keystead listens on ${app.url}`)
process.once('SIGTERM', () => void app.close().then(() => process.exit()))
