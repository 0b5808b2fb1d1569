// Encrypts records in this process, each bound to its ID, with data keys that Keystead wraps.
import { createClient, InvalidEnvelopeError } from '@keystead/client'

const keystead = createClient({
  url: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600',
  token: process.env['KEYSTEAD_TOKEN'] ?? '',
})
const key = process.env['KEYSTEAD_KEY'] ?? 'records'
const context = { purpose: 'customer records' }

/** What would be the database. */
const rows = new Map<string, Uint8Array>()
const bytes = (text: string) => new TextEncoder().encode(text)

async function save(id: string, record: object): Promise<void> {
  const options = { key, context, additionalAuthenticatedData: bytes(id) }
  rows.set(id, await keystead.envelope.encrypt(bytes(JSON.stringify(record)), options))
}

async function load(id: string): Promise<unknown> {
  const options = { context, additionalAuthenticatedData: bytes(id) }
  const content = await keystead.envelope.decrypt(rows.get(id) ?? new Uint8Array(), options)
  return JSON.parse(new TextDecoder().decode(content))
}

await Promise.all(['ann', 'bob', 'eve'].map((id) => save(id, { email: `${id}@example.org` })))
console.log(await load('ann'))

// A row that somebody copies to another ID does not open.
rows.set('eve', rows.get('ann') ?? new Uint8Array())
await load('eve').catch((error) => {
  if (!(error instanceof InvalidEnvelopeError)) throw error
  console.log(`eve: ${error.code}`)
})
keystead.close()
