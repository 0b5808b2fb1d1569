/**
 * A small HTTP service that keeps records encrypted: `PUT /records/ID` stores a body, `GET /records/ID` gives it back.
 * What would be its database is a folder with one file a record; nothing in it can be read without Keystead.
 *
 *     KEYSTEAD_KEY_ID=ukey_… npx node examples/service/main.ts
 *
 * KEYSTEAD_URL, KEYSTEAD_TOKEN, PORT and RECORDS_FOLDER can be set, too.
 */
import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect } from '../connect.ts'
import { createDataKeys } from './data-keys.ts'
import { createRecordServer } from './record-server.ts'
import { createRecordVault } from './record-vault.ts'

const {
  KEYSTEAD_URL: url = 'http://127.0.0.1:4600',
  KEYSTEAD_TOKEN: token = null,
  KEYSTEAD_KEY_ID: keyId,
  RECORDS_FOLDER: folder = 'data/records',
  PORT: port = '4700',
} = process.env
if (keyId === undefined) throw new Error('KEYSTEAD_KEY_ID must name a key for encryption.')

const { client } = await connect({ url, token, signal: new AbortController().signal })
const dataKeys = createDataKeys({
  client,
  keyId,
  recordsPerKey: 1000,
  lifetimeMs: 5 * 60_000,
  retry: { attemptsMax: 6, firstDelayMs: 100 },
})
mkdirSync(folder, { recursive: true })
const server = createRecordServer({ vault: createRecordVault(dataKeys), folder })
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`Records at http://127.0.0.1:${(server.address() as AddressInfo).port}/records/ID`)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close())
