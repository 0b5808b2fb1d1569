import 'reflect-metadata' // for @peculiar/x509
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Extension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509'
import { compactVerify, decodeProtectedHeader, flattenedVerify, importJWK, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createClient,
  type KeyAlgorithm,
  KeyNotFoundError,
  type KeysteadClient,
} from '../../packages/client/src/index.ts'
import { createSigningKeys, type SigningKeysOptions } from '../../packages/client/src/webcrypto.ts'
import { endStory, type Story, startStory } from '../support/story.ts'

const root = join(import.meta.dirname, '../..')
const documentsFile = join(root, 'packages/client/dist/documents.json')

let story: Story
let client: KeysteadClient
let sent: { readonly query?: string; readonly documentId?: string; readonly variables: unknown }[] = []

function clientFor(trustedDocuments: boolean): KeysteadClient {
  return createClient({
    url: story.app.url,
    token: () => story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }),
    trustedDocuments,
    fetch(input, init) {
      sent.push(JSON.parse(String(init?.body)))
      return fetch(input, init)
    },
  })
}

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'scripts/build-client.ts')], { stdio: 'inherit' })
  // All tests of this file pass a server that takes the documents of the package and no others.
  story = await startStory({ TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: documentsFile })
  client = clientFor(true)
})
afterAll(() => endStory(story))

const createKey = (name: string, algorithm: KeyAlgorithm) =>
  client.createUserKey({ name, algorithm, usage: 'SIGN_VERIFY' })

async function publicKeyOf(key: string): Promise<JWK> {
  const found = await client.userKey({ key })
  return found?.defaultVersion?.publicKey?.jwk as JWK
}

describe('a server that takes trusted documents only', () => {
  it('answers a client that sends IDs, whose documents are in the package', async () => {
    sent = []
    await client.createUserKey({ name: 'trusted' })
    const plaintext = Buffer.from('tea')
    const sealed = await Promise.all([1, 2].map(() => client.encrypt({ key: 'trusted', plaintext })))
    const [opened] = await Promise.all(sealed.map(({ ciphertext }) => client.decrypt({ ciphertext })))
    expect(Buffer.from(opened?.plaintext ?? [])).toEqual(plaintext)
    for await (const { key } of client.keyEvents({ key: 'trusted' })) {
      expect(key?.name).toBe('trusted')
      break
    }
    const documents = JSON.parse(readFileSync(documentsFile, 'utf8')) as Record<string, string>
    expect(sent.map(({ query }) => query)).toEqual(sent.map(() => undefined))
    const texts = sent.map(({ documentId = '' }) => documents[documentId.replace('sha256:', '')])
    const names = texts.map((text) => /^(?:query|mutation|subscription) (\w+)/.exec(text ?? '')?.[1])
    expect(names).toEqual(['CreateUserKey', 'EncryptBatch', 'DecryptBatch', 'KeyEvents'])
  })

  it('refuses a client that sends documents, and documents that are not in the package', async () => {
    const untrusted = { code: 'UNTRUSTED_DOCUMENT' }
    await expect(clientFor(false).viewer()).rejects.toMatchObject(untrusted)
    await expect(client.request('{ viewer { roles } }')).rejects.toMatchObject(untrusted)
  })
})

describe('a JWS', () => {
  it.each(['RSA_2048', 'EC_P384', 'ED25519'] as const)(
    'of bytes with %s is verified by jose, whole and detached',
    async (algorithm) => {
      const key = `jws-${algorithm.toLowerCase().replace('_', '-')}`
      const { userKey } = await createKey(key, algorithm)
      const payload = crypto.getRandomValues(new Uint8Array(100))
      const jws = await client.signJws(payload, { key, header: { cty: 'application/octet-stream' } })
      const { alg = '', ...header } = decodeProtectedHeader(jws)
      expect(header).toEqual({ cty: 'application/octet-stream', kid: userKey.defaultVersion?.id })
      const jwk = await importJWK(await publicKeyOf(key), alg)
      expect(Buffer.from((await compactVerify(jws, jwk)).payload)).toEqual(Buffer.from(payload))

      const detached = await client.signJws(payload, { key, detached: true })
      const [head = '', none, signature = ''] = detached.split('.')
      expect(none).toBe('')
      const whole = { protected: head, payload: Buffer.from(payload).toString('base64url'), signature }
      await flattenedVerify(whole, jwk)
      const other = { ...whole, payload: Buffer.from('other').toString('base64url') }
      await expect(flattenedVerify(other, jwk)).rejects.toThrow('signature verification failed')
    },
  )

  it('needs bytes, and its own alg and kid', async () => {
    await expect(client.signJws('text' as never, { key: 'jws-ed25519' })).rejects.toThrow(TypeError)
    const wrong = client.signJws(new Uint8Array(), { key: 'jws-ed25519', header: { alg: 'none' } })
    await expect(wrong).rejects.toThrow('header must not have alg')
  })
})

/** A certificate request as PEM, made by @peculiar/x509 with a key of Keystead. */
async function requestFor(options: SigningKeysOptions): Promise<string> {
  const { keys, signingAlgorithm, crypto } = await createSigningKeys(client, options)
  const extensions: Extension[] = [
    new SubjectAlternativeNameExtension([{ type: 'dns', value: 'example.org' }]),
  ]
  const name = 'CN=example.org, O=Example'
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name, keys, signingAlgorithm, extensions },
    crypto,
  )
  return request.toString('pem')
}

const openssl = (pem: string) =>
  spawnSync('openssl', ['req', '-verify', '-noout', '-subject', '-text'], { input: pem, encoding: 'utf8' })

describe('a certificate request', () => {
  it.each([
    ['RSA_2048', {}, 'sha256WithRSAEncryption'],
    ['RSA_2048', { hash: 'SHA-512' }, 'sha512WithRSAEncryption'],
    ['RSA_2048', { rsa: 'RSA-PSS' }, 'rsassaPss'],
    ['EC_P256', {}, 'ecdsa-with-SHA256'],
    ['EC_P384', {}, 'ecdsa-with-SHA384'],
    ['EC_P521', {}, 'ecdsa-with-SHA512'],
    ['ED25519', {}, 'ED25519'],
  ] as const)('of a key with %s and %j is verified by OpenSSL', async (algorithm, options, signedWith) => {
    const key = `tls-${algorithm.toLowerCase().replace('_', '-')}`
    await createKey(key, algorithm).catch(({ code }) => expect(code).toBe('NAME_TAKEN'))
    const pem = await requestFor({ key, ...options })
    const { status, stdout, stderr } = openssl(pem)
    expect(status, stderr).toBe(0)
    expect(`${stdout}${stderr}`).toMatch(/self-signature verify OK/)
    expect(stdout).toMatch(/CN ?= ?example\.org/)
    expect(stdout).toContain('DNS:example.org')
    expect(stdout).toContain(`Signature Algorithm: ${signedWith}`)
    const changed = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    changed.writeUInt8(changed.readUInt8(40) ^ 1, 40)
    const body = changed.toString('base64').replace(/.{64}/g, '$&\n')
    const wrong = openssl(`-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`)
    expect(`${wrong.stdout}${wrong.stderr}`).not.toMatch(/verify OK/)
  })

  it('is not sent where a digest is enough', async () => {
    sent = []
    await requestFor({ key: 'tls-rsa-2048' })
    const inputs = sent.map(
      ({ variables }) => (variables as { input?: { messageType?: string; message: string } }).input,
    )
    const [input] = inputs.filter((each) => each?.messageType !== undefined)
    expect(input?.messageType).toBe('DIGEST')
    expect(Buffer.from(input?.message ?? '', 'base64').length).toBe(32)
  })

  it('is not made with a pair of an earlier version, another hash, or a key that cannot sign', async () => {
    const { keys, signingAlgorithm, crypto } = await createSigningKeys(client, { key: 'tls-ec-p256' })
    const data = new Uint8Array(3)
    await crypto.subtle.sign(signingAlgorithm, keys.privateKey, data)
    const other = crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-512' }, keys.privateKey, data)
    await expect(other).rejects.toThrow('This pair signs with ECDSA SHA-256, not with ECDSA SHA-512.')
    await client.rotateUserKey({ key: 'tls-ec-p256' })
    const late = crypto.subtle.sign(signingAlgorithm, keys.privateKey, data)
    await expect(late).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('was rotated'),
    })

    await expect(createSigningKeys(client, { key: 'missing' })).rejects.toThrow(KeyNotFoundError)
    await expect(createSigningKeys(client, { key: 'trusted' })).rejects.toThrow('has no public key')
    await createKey('post-quantum', 'ML_DSA_44')
    await expect(createSigningKeys(client, { key: 'post-quantum' })).rejects.toThrow('algorithm ML_DSA_44')
  })
})
