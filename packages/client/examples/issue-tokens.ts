// Signs JWTs with a key that never leaves Keystead, and verifies one with the public key.
import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto'
import { createClient, KeyNotFoundError } from '@keystead/client'

const keystead = createClient({
  url: process.env['KEYSTEAD_URL'] ?? 'http://127.0.0.1:4600',
  token: process.env['KEYSTEAD_TOKEN'] ?? '',
})
const key = process.env['KEYSTEAD_KEY'] ?? 'tokens'

const found = await keystead.userKey({ key })
if (found === null)
  throw new KeyNotFoundError({ code: 'KEY_NOT_FOUND', message: `Create a key "${key}" first.` })
const expiresAt = Math.floor(Date.now() / 1000) + 600
const token = await keystead.signJwt({ sub: 'user:ann', exp: expiresAt }, { key })

const [header = '', payload = '', signature = ''] = token.split('.')
const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
const jwk = found.defaultVersion?.publicKey?.jwk
const publicKey = createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput)
const signed = Buffer.from(`${header}.${payload}`)
const isValid = verify(
  'sha256',
  signed,
  { key: publicKey, dsaEncoding: 'ieee-p1363' },
  Buffer.from(signature, 'base64url'),
)
console.log(kid === found.defaultVersion?.id, isValid)
