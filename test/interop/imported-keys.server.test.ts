import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExternalKey, openImport } from '../keys/wrap-material.ts'
import { cannotRun } from '../support/skip.ts'
import { base64, type Client, endStory, type Story, startStory } from '../support/story.ts'
import { OpensslFolder, opensslVersion } from './openssl-command.ts'

const hasNoOpenssl =
  opensslVersion() === null &&
  cannotRun('Imports from OpenSSL', 'There is no OpenSSL command line on the path.')

/** The commands that the documents give to users. */
const wrappingScript = /```sh\n(?<script>[\s\S]*?)```/.exec(readFileSync('docs/import.md', 'utf8'))?.groups?.[
  'script'
]

const text = Buffer.from('signed with a key that was made elsewhere')
const message = base64(text)

describe.skipIf(hasNoOpenssl)('a private key that OpenSSL made and wrapped', () => {
  let story: Story
  let client: Client
  let files: OpensslFolder
  beforeAll(async () => {
    files = new OpensslFolder()
    files.write('message', text)
    story = await startStory({ RATE_LIMIT_UNITS: '0' })
    client = story.as({ name: 'mia', roles: ['KMS_MANAGER'] })
  })
  afterAll(async () => {
    files.remove()
    await endStory(story)
  })

  async function importMade(input: { name: string; algorithm: string; usage: string }): Promise<string> {
    const keyId = await createExternalKey(client, input)
    const open = await openImport(client, keyId)
    files.write('wrapping-key.pem', open.publicKey.pem)
    expect(wrappingScript).toMatch(/pkeyutl/)
    const { status, stderr } = spawnSync('bash', ['-euc', wrappingScript ?? ''], {
      cwd: files.path,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const wrappedMaterial = files.read('wrapped.base64').toString()
    const imported = await client.mutate(
      'importKeyVersion',
      { key: keyId, importParametersId: open.id, wrappedMaterial },
      'version { number }',
    )
    expect(imported).toMatchObject({ version: { number: 1 } })
    return keyId
  }

  function generate(...options: string[]): void {
    const made = files.run('genpkey', ...options, '-outform', 'DER', '-out', 'sec.der')
    expect(made.ok, made.output).toBe(true)
    expect(
      files.run(
        'pkcs8',
        '-topk8',
        '-nocrypt',
        '-inform',
        'DER',
        '-in',
        'sec.der',
        '-outform',
        'DER',
        '-out',
        'material',
      ),
    ).toMatchObject({ ok: true })
    expect(files.run('pkey', '-inform', 'DER', '-in', 'material', '-out', 'private.pem')).toMatchObject({
      ok: true,
    })
    expect(files.run('pkey', '-in', 'private.pem', '-pubout', '-out', 'public.pem')).toMatchObject({
      ok: true,
    })
  }

  const ecdsa = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]
  const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']

  it.each([
    ['EC_P256', ecdsa('P-256'), 'sha256', [], {}],
    ['EC_P384', ecdsa('P-384'), 'sha384', [], {}],
    ['EC_P521', ecdsa('P-521'), 'sha512', [], {}],
    ['EC_SECP256K1', ecdsa('secp256k1'), 'sha256', [], {}],
    ['RSA_2048', rsa(2048), 'sha256', [], { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }],
    ['RSA_3072', rsa(3072), 'sha384', pss, { signingAlgorithm: 'RSASSA_PSS_SHA_384' }],
    ['RSA_4096', rsa(4096), 'sha512', pss, { signingAlgorithm: 'RSASSA_PSS_SHA_512' }],
  ] as const)(
    'as %s: what it signs there verifies here, and the reverse',
    async (algorithm, options, hash, sigopt, input) => {
      generate(...options)
      const keyId = await importMade({ name: `there-${algorithm}`, algorithm, usage: 'SIGN_VERIFY' })
      const dgst = (...words: string[]) => files.run('dgst', `-${hash}`, ...sigopt, ...words, 'message')

      expect(dgst('-sign', 'private.pem', '-out', 'signature')).toMatchObject({ ok: true })
      await expectValidHere({
        version: { key: keyId, number: 1 },
        signature: base64(files.read('signature')),
        ...input,
      })

      const signed = await client.mutate('sign', { key: keyId, message, ...input }, 'signature')
      files.write('signature', Buffer.from(signed['signature'], 'base64'))
      expect(dgst('-verify', 'public.pem', '-signature', 'signature').output).toBe('Verified OK\n')
    },
  )

  it.each(['ED25519', 'ED448'])(
    'as %s: what it signs there verifies here, and the reverse',
    async (algorithm) => {
      generate('-algorithm', algorithm)
      const keyId = await importMade({ name: `there-${algorithm}`, algorithm, usage: 'SIGN_VERIFY' })
      const pkeyutl = (...words: string[]) => files.run('pkeyutl', ...words, '-rawin', '-in', 'message')

      expect(pkeyutl('-sign', '-inkey', 'private.pem', '-out', 'signature')).toMatchObject({ ok: true })
      await expectValidHere({
        version: { key: keyId, number: 1 },
        signature: base64(files.read('signature')),
      })

      const signed = await client.mutate('sign', { key: keyId, message }, 'signature')
      files.write('signature', Buffer.from(signed['signature'], 'base64'))
      expect(pkeyutl('-verify', '-pubin', '-inkey', 'public.pem', '-sigfile', 'signature').output).toContain(
        'Signature Verified Successfully',
      )
    },
  )

  it('as RSA: what is encrypted here decrypts there', async () => {
    generate(...rsa(2048))
    const keyId = await importMade({ name: 'there-oaep', algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
    const sealed = await client.mutate('encrypt', { key: keyId, plaintext: message }, 'ciphertext')
    files.write('sealed', Buffer.from(sealed['ciphertext'], 'base64'))
    const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256'].flatMap((option) => ['-pkeyopt', option])
    const opened = files.run('pkeyutl', '-decrypt', '-inkey', 'private.pem', '-in', 'sealed', ...oaep)
    expect(opened).toEqual({ ok: true, output: text.toString() })
  })

  it('as HMAC-SHA-256: the MAC made there is the MAC made here', async () => {
    files.run('rand', '-out', 'material', '32')
    const keyId = await importMade({
      name: 'there-hmac',
      algorithm: 'HMAC_SHA256',
      usage: 'GENERATE_VERIFY_MAC',
    })
    const key = files.read('material').toString('hex')
    const there = files.run('dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, 'message').output
    const { mac } = await client.mutate('generateMac', { key: keyId, message }, 'mac')
    expect(there).toContain(Buffer.from(mac, 'base64').toString('hex'))
  })

  async function expectValidHere(input: Record<string, unknown>): Promise<void> {
    const verify = (given: object) => client.mutate('verify', { message, ...input, ...given }, 'valid')
    expect(await verify({})).toMatchObject({ valid: true })
    expect(await verify({ message: base64('another message') })).toMatchObject({ valid: false })
  }
})
