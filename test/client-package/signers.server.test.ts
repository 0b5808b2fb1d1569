import 'reflect-metadata' // for @peculiar/x509
import { execFileSync, spawnSync } from 'node:child_process'
import { constants, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Extension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509'
import { compactVerify, decodeProtectedHeader, flattenedVerify, importJWK, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CoseAlgorithm, createCoseSigner } from '../../packages/client/src/cose.ts'
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

/** `Sig_structure` of RFC 9052 §4.4 with an empty payload and `alg` in one byte or more, put together by hand. */
function signedStructure(alg: number): Uint8Array {
  const argument = -1 - alg
  const negative =
    argument < 24 ? [0x20 + argument] : argument < 256 ? [0x38, argument] : [0x39, 1, argument - 256]
  const headers = [0xa1, 0x01, ...negative]
  return Buffer.from([
    0x84,
    0x6a,
    ...Buffer.from('Signature1'),
    0x40 + headers.length,
    ...headers,
    0x40,
    0x40,
  ])
}

const pss = (hash: string, saltLength: number) => ({
  hash,
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength,
})

describe('a signer for COSE', () => {
  it.each([
    ['EC_P256', undefined, -7, { hash: 'sha256' }],
    ['EC_P384', 'ES384', -35, { hash: 'sha384' }],
    ['EC_P521', undefined, -36, { hash: 'sha512' }],
    ['EC_SECP256K1', undefined, -47, { hash: 'sha256' }],
    ['ED25519', undefined, -8, { hash: null }],
    ['ED25519', 'Ed25519', -19, { hash: null }],
    ['ED448', 'Ed448', -53, { hash: null }],
    ['ML_DSA_44', undefined, -48, { hash: null }],
    ['RSA_2048', undefined, -37, pss('sha256', 32)],
    ['RSA_2048', 'PS512', -39, pss('sha512', 64)],
    ['RSA_2048', 'RS384', -258, { hash: 'sha384' }],
  ] as const)(
    'of a key with %s and alg %s has identifier %i, and node:crypto verifies it',
    async (...given) => {
      const [algorithm, alg, identifier, { hash, ...options }] = given
      const key = `cose-${algorithm.toLowerCase().replaceAll('_', '-')}`
      await createKey(key, algorithm).catch(({ code }) => expect(code).toBe('NAME_TAKEN'))
      const signer = await createCoseSigner(client, { key, alg })
      expect(signer.alg).toBe(identifier)
      const version = (await client.userKey({ key }))?.defaultVersion
      expect(Buffer.from(signer.kid).toString()).toBe(version?.id)
      const message = signedStructure(identifier)
      const signature = Buffer.from(await signer.sign(message as Uint8Array<ArrayBuffer>))
      const publicKey = {
        key: createPublicKey(version?.publicKey?.pem ?? ''),
        dsaEncoding: 'ieee-p1363' as const,
        ...options,
      }
      expect(verify(hash, message, publicKey, signature)).toBe(true)
      expect(verify(hash, signedStructure(identifier - 1), publicKey, signature)).toBe(false)
    },
  )

  it('signs a part of a buffer, and a whole one, alike', async () => {
    const signer = await createCoseSigner(client, { key: 'cose-rsa-2048', alg: 'RS256' })
    const whole = Uint8Array.from([1, 2, 3, 4])
    const expected = Buffer.from(await signer.sign(whole.slice(1, 3)))
    expect(Buffer.from(await signer.sign(whole.subarray(1, 3)))).toEqual(expected)
    expect(Buffer.from(await signer.sign(whole.slice(1, 3).buffer))).toEqual(expected)
  })

  it('is not made of a missing key, one without signatures or version, or for another algorithm', async () => {
    await expect(createCoseSigner(client, { key: 'missing' })).rejects.toThrow(KeyNotFoundError)
    await expect(createCoseSigner(client, { key: 'trusted' })).rejects.toThrow('signs nothing')
    const mac = { name: 'cose-mac', algorithm: 'HMAC_SHA256', usage: 'GENERATE_VERIFY_MAC' } as const
    await client.createUserKey(mac)
    await expect(createCoseSigner(client, { key: 'cose-mac' })).rejects.toThrow('signs nothing')
    const other = createCoseSigner(client, { key: 'cose-ec-p256', alg: 'ES384' as CoseAlgorithm })
    await expect(other).rejects.toThrow('has algorithm EC_P256, which signs with ES256, not with ES384')
  })

  it('of an earlier version gives out no signature', async () => {
    const signer = await createCoseSigner(client, { key: 'cose-ec-p256' })
    await client.rotateUserKey({ key: 'cose-ec-p256' })
    const late = signer.sign(new Uint8Array(3))
    await expect(late).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('rotated'),
    })
    const renewed = await createCoseSigner(client, { key: 'cose-ec-p256' })
    await renewed.sign(new Uint8Array(3))
    expect(Buffer.from(renewed.kid)).not.toEqual(Buffer.from(signer.kid))
  })
})
