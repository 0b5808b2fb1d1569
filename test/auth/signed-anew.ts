import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { authenticatorOf, newFolder, outcomeOf } from './rule-entries.ts'
import { startSeconds } from './tokens.ts'

/** Header and claims of a token that is signed with a key of the test's own. */
export interface UnsignedToken {
  readonly header: { readonly alg: string; readonly [member: string]: unknown }
  readonly payload: Readonly<Record<string, unknown>>
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** What an entry makes of a token that was moved to the time of the tests. The keys are in a file of the test's own. */
export async function outcomeOfToken(
  entry: Readonly<Record<string, unknown>>,
  { header, payload }: UnsignedToken,
): ReturnType<typeof outcomeOf> {
  const { publicKey, privateKey } = header.alg.startsWith('ES') ? ec : rsa
  const jwksFile = join(newFolder(), 'keys.json')
  const kid = header['kid']
  writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] }))
  const token = await new SignJWT(moved(payload))
    .setProtectedHeader(header)
    .sign(header.alg.startsWith('HS') ? Buffer.alloc(64) : privateKey)
  return outcomeOf(authenticatorOf([{ name: 'sso', ...entry, jwksFile }]), token)
}

/** Shifts all times of a token, so that it is issued at the time of the tests. */
function moved(payload: UnsignedToken['payload']): Record<string, unknown> {
  const shift = startSeconds - Number(payload['iat'])
  const times = ['iat', 'exp', 'nbf', 'auth_time']
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      times.includes(name) && typeof value === 'number' ? value + shift : value,
    ]),
  )
}
