// Encrypts or decrypts a file of any size: encrypt-file.ts encrypt|decrypt FROM TO
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createClient } from '@keystead/client'

const keystead = createClient({
  url: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600',
  token: process.env['KEYSTEAD_TOKEN'] ?? '',
})
const [direction, from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) throw new Error('Give encrypt or decrypt, and two files.')

const source = createReadStream(from)
const content =
  direction === 'encrypt'
    ? await keystead.envelope.encrypt(source, { key: process.env['KEYSTEAD_KEY'] ?? 'files' })
    : await keystead.envelope.decrypt(source)

// Only the end says that a file is whole. Until then it has a name that nobody reads.
const unfinished = `${to}.unfinished`
try {
  await pipeline(Readable.from(content), createWriteStream(unfinished, { mode: 0o600 }))
  await rename(unfinished, to)
} catch (error) {
  await rm(unfinished, { force: true })
  throw error
}
console.log(`${direction}ed ${to}`)
