import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errors, type JWK, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { IssuerUnavailableError, KeySetError, UnauthenticatedError } from '../../src/auth/errors.ts'
import { createKeySource } from '../../src/auth/jwks.ts'
import { plainLocation } from '../../src/auth/key-lookup.ts'
import { verifyToken } from '../../src/auth/verify-token.ts'
import { claimsWith, configWith, createFakeClock, createSigner, issuerWith, type Signer } from './tokens.ts'

const lifetimeMinutes = 2

let folder: string
let file: string
let first: Signer
let second: Signer

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  folder = mkdtempSync(join(tmpdir(), 'keystead-jwks-'))
  file = join(folder, 'keys.json')
  first = await createSigner('EdDSA', 'first')
  second = await createSigner('EdDSA', 'second')
})

afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

function write(keys: readonly JWK[]): void {
  writeFileSync(`${file}.new`, JSON.stringify({ keys }))
  renameSync(`${file}.new`, file)
}

function open(): JWTVerifyGetKey {
  return createKeySource(
    { issuer: null, ...plainLocation({ jwksUrl: null, jwksFile: file }) },
    configWith({ AUTH_JWKS_CACHE_MINUTES: '1', AUTH_JWKS_OUTAGE_MINUTES: String(lifetimeMinutes - 1) }),
  )
}

async function verify(keys: JWTVerifyGetKey, signer: Signer): Promise<unknown> {
  return (await jwtVerify(await signer.sign(claimsWith({ exp: undefined })), keys)).payload.sub
}

test('a token with a key that is new in the file is verified at once', async () => {
  write([first.jwk])
  const keys = open()
  write([first.jwk, second.jwk])
  expect(await verify(keys, second)).toBe('alice')
  await expect(verify(keys, await createSigner('EdDSA', 'third'))).rejects.toBeInstanceOf(
    errors.JWKSNoMatchingKey,
  )
})

test('a token with another key under the same ID in the file is verified at once', async () => {
  write([first.jwk])
  const keys = open()
  const replacement = await createSigner('EdDSA', 'first')
  const rules = { issuer: issuerWith(keys), config: configWith(), clock: createFakeClock() }
  const verifyWhole = async (signer: Signer) => (await verifyToken(await signer.sign(), rules)).sub
  expect(await verifyWhole(first)).toBe('alice')
  write([replacement.jwk])
  expect(await verifyWhole(replacement)).toBe('alice')
  await expect(verifyWhole(first)).rejects.toBeInstanceOf(UnauthenticatedError)
})

test('keys in a file are exchanged while the server runs, within a second', async () => {
  write([first.jwk])
  const keys = open()
  expect(await verify(keys, first)).toBe('alice')
  write([second.jwk])
  expect(await verify(keys, first)).toBe('alice')
  vi.advanceTimersByTime(1000)
  expect(await verify(keys, second)).toBe('alice')
  await expect(verify(keys, first)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
})

test('while the file is missing or broken the last keys are trusted for their lifetime and the time of an outage', async () => {
  write([first.jwk])
  const keys = open()
  const states: (() => void)[] = [
    () => rmSync(file),
    () => writeFileSync(file, '{"keys": ['),
    () => writeFileSync(file, '[]'),
  ]
  for (const breakFile of states) {
    write([first.jwk])
    vi.advanceTimersByTime(1000)
    expect(await verify(keys, first)).toBe('alice')
    breakFile()
    vi.advanceTimersByTime(lifetimeMinutes * 60_000 - 1)
    expect(await verify(keys, first)).toBe('alice')
    vi.advanceTimersByTime(1000)
    await expect(verify(keys, first)).rejects.toBeInstanceOf(IssuerUnavailableError)
  }
  write([second.jwk])
  vi.advanceTimersByTime(1000)
  expect(await verify(keys, second)).toBe('alice')
})

test('a file that cannot be used at start is told to the operator', () => {
  expect(open).toThrow(KeySetError)
  for (const text of ['', '{', '[]', '{"keys": 1}', '{"keys": [1]}']) {
    writeFileSync(file, text)
    expect(open).toThrow(/AUTH_JWKS_FILE\) does not hold a JWK Set/)
  }
})

test('private and symmetric keys in the file verify nothing', async () => {
  const secret = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), kid: 'first' }
  const withPrivate = { ...first.jwk, d: Buffer.alloc(32, 1).toString('base64url') }
  write([secret])
  const keys = open()
  await expect(verify(keys, first)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
  write([withPrivate])
  vi.advanceTimersByTime(1000)
  await expect(verify(keys, first)).rejects.toBeInstanceOf(IssuerUnavailableError)
})
