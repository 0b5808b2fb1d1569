/**
 * A small HTTP service that keeps records encrypted: `PUT /records/ID` stores a body, `GET /records/ID` gives it back.
 * What would be its database is a folder with one file a record; nothing in it can be read without Keystead.
 *
 *     npm run build:client
 *     KEYSTEAD_KEY=records npx node examples/service/main.ts
 *
 * KEYSTEAD_URL, KEYSTEAD_TOKEN, PORT and RECORDS_FOLDER can be set, too. Without a token it takes those that a server in
 * development mode gives to anybody.
 */
import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createClient } from '@keystead/client'
import { createRecordServer } from './record-server.ts'

const {
  KEYSTEAD_URL: url = 'http://127.0.0.1:4600',
  KEYSTEAD_TOKEN: token,
  KEYSTEAD_KEY: key,
  RECORDS_FOLDER: folder = 'data/records',
  PORT: port = '4700',
} = process.env
if (key === undefined) throw new Error('KEYSTEAD_KEY must name a key for encryption.')

const keystead = createClient({
  url,
  token: token ?? (async () => (await (await fetch(`${url}/dev/tokens/member`)).json()).token),
  // For so long the service can still read after its key was deactivated in Keystead.
  dataKeys: { ageMs: 5 * 60_000 },
})
mkdirSync(folder, { recursive: true })
const server = createRecordServer({ keystead, key, folder })
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`Records at http://127.0.0.1:${(server.address() as AddressInfo).port}/records/ID`)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    keystead.close()
  })
}
