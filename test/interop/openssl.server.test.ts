import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cannotRun } from '../support/skip.ts'
import { base64, type Client, endStory, type Story, startStory } from '../support/story.ts'
import { OpensslFolder, opensslKnows, opensslVersion } from './openssl-command.ts'

const version = opensslVersion()
const hasNoOpenssl =
  version === null &&
  cannotRun('Interoperability with OpenSSL', 'There is no OpenSSL command line on the path.')

/** Algorithms that came to OpenSSL late; each that the installed one lacks is named, with the reason. */
const lateAlgorithms = [
  ['ML_DSA_44', 'ML-DSA-44'],
  ['ML_DSA_65', 'ML-DSA-65'],
  ['ML_DSA_87', 'ML-DSA-87'],
] as const
const known = lateAlgorithms.filter(([, name]) => {
  if (version === null) return false
  if (opensslKnows(name)) return true
  console.warn(`Left out: ${name} with the command line. ${version} does not know it (3.5 and later do).`)
  return false
})
if (version !== null && !opensslKnows('ML-KEM-768')) {
  console.warn(`Left out: ML-KEM with the command line. ${version} does not know it (3.5 and later do).`)
}

const text = Buffer.from('a message for somebody else')
const message = base64(text)
const rsaSizes = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const bits = ['256', '384', '512']
const curves = [
  ['EC_P256', 'sha256', 32],
  ['EC_P384', 'sha384', 48],
  ['EC_P521', 'sha512', 66],
  ['EC_SECP256K1', 'sha256', 32],
] as const

describe.skipIf(hasNoOpenssl)('the OpenSSL command line', () => {
  let story: Story
  let max: Client
  let files: OpensslFolder
  beforeAll(async () => {
    files = new OpensslFolder()
    story = await startStory({ RATE_LIMIT_UNITS: '0' })
    max = story.as({ name: 'max', roles: ['PROJECT_MEMBER'] })
    files.write('message', text)
    files.write('other', 'another message')
  })
  afterAll(async () => {
    files.remove()
    await endStory(story)
  })

  /** A new key whose exported public key is in the folder. */
  async function createKey(name: string, algorithm: string, usage = 'SIGN_VERIFY'): Promise<string> {
    const selection = 'userKey { id publicKey { pem } }'
    const { userKey } = await max.mutate('createUserKey', { name, algorithm, usage }, selection)
    files.write('public.pem', userKey.publicKey.pem)
    return userKey.id
  }

  async function sign(input: object): Promise<Buffer> {
    const { signature } = await max.mutate('sign', { message, ...input }, 'signature')
    const bytes = Buffer.from(signature, 'base64')
    files.write('signature', bytes)
    return bytes
  }

  const verifyHere = (input: object) => max.mutate('verify', { message, ...input }, 'valid')

  /** Checks the signature in the folder for its message, and that another message is refused. */
  function expectVerified(hash: string, ...options: string[]): void {
    const dgst = ['dgst', `-${hash}`, '-verify', 'public.pem', '-signature', 'signature', ...options]
    expect(files.run(...dgst, 'message')).toEqual({ ok: true, output: 'Verified OK\n' })
    expect(files.run(...dgst, 'other').output).toMatch(/^Verification failure/)
  }

  const pss = (hash: string) =>
    ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest', `rsa_mgf1_md:${hash}`].flatMap((option) => [
      '-sigopt',
      option,
    ])

  it.each(rsaSizes)('verifies RSASSA-PSS and RSASSA-PKCS1-v1_5 of %s with every hash', async (algorithm) => {
    const keyId = await createKey(`sign-${algorithm}`, algorithm)
    for (const size of bits) {
      await sign({ key: keyId, signingAlgorithm: `RSASSA_PSS_SHA_${size}` })
      expectVerified(`sha${size}`, ...pss(`sha${size}`))
      const signingAlgorithm = `RSASSA_PKCS1_V1_5_SHA_${size}`
      const ofMessage = await sign({ key: keyId, signingAlgorithm })
      expectVerified(`sha${size}`)

      const digest = createHash(`sha${size}`).update(text).digest()
      const ofDigest = await sign({
        key: keyId,
        signingAlgorithm,
        message: base64(digest),
        messageType: 'DIGEST',
      })
      expect(ofDigest).toEqual(ofMessage)
      files.write('digest', digest)
      const pkeyutl = ['pkeyutl', '-verify', '-pubin', '-inkey', 'public.pem', '-sigfile', 'signature']
      const options = ['-pkeyopt', 'rsa_padding_mode:pkcs1', '-pkeyopt', `digest:sha${size}`]
      expect(files.run(...pkeyutl, '-in', 'digest', ...options)).toMatchObject({ ok: true })
    }
  })

  it.each(curves)('verifies ECDSA of %s in DER', async (algorithm, hash) => {
    const keyId = await createKey(`der-${algorithm}`, algorithm)
    await sign({ key: keyId, encoding: 'DER' })
    expectVerified(hash)
  })

  it.each(curves)(
    'turns ECDSA of %s from P1363 to DER and back, and both verify on either side',
    async (algorithm, hash, bytes) => {
      const keyId = await createKey(`forms-${algorithm}`, algorithm)
      const p1363 = (await sign({ key: keyId, encoding: 'P1363' })).toString('hex')
      expect(p1363).toHaveLength(4 * bytes)
      const [r, s] = [p1363.slice(0, 2 * bytes), p1363.slice(2 * bytes)]
      files.write('asn1.conf', `asn1=SEQUENCE:ecdsa\n[ecdsa]\nr=INTEGER:0x${r}\ns=INTEGER:0x${s}\n`)
      expect(files.run('asn1parse', '-genconf', 'asn1.conf', '-noout', '-out', 'signature')).toMatchObject({
        ok: true,
      })
      expectVerified(hash)
      const der = base64(files.read('signature'))
      expect(
        await verifyHere({ version: { key: keyId, number: 1 }, signature: der, encoding: 'DER' }),
      ).toMatchObject({ valid: true })

      await sign({ key: keyId, encoding: 'DER' })
      const parsed = files.run('asn1parse', '-inform', 'DER', '-in', 'signature').output
      const integers = [...parsed.matchAll(/INTEGER +:([0-9A-F]+)/g)].map(([, hex = '']) =>
        hex.padStart(2 * bytes, '0'),
      )
      expect(integers).toHaveLength(2)
      const back = base64(Buffer.from(integers.join(''), 'hex'))
      expect(
        await verifyHere({ version: { key: keyId, number: 1 }, signature: back, encoding: 'P1363' }),
      ).toMatchObject({
        valid: true,
      })
    },
  )

  it.each(['ED25519', 'ED448', ...known.map(([algorithm]) => algorithm)])(
    'verifies signatures of %s',
    async (algorithm) => {
      const keyId = await createKey(`raw-${algorithm}`, algorithm)
      await sign({ key: keyId })
      const verify = [
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        'public.pem',
        '-rawin',
        '-sigfile',
        'signature',
      ]
      expect(files.run(...verify, '-in', 'message').output).toContain('Signature Verified Successfully')
      expect(files.run(...verify, '-in', 'other').output).toContain('Signature Verification Failure')
    },
  )

  it.each(rsaSizes)(
    'encrypts for %s with every hash what opens here with that hash alone',
    async (algorithm) => {
      const keyId = await createKey(`encrypt-${algorithm}`, algorithm, 'ENCRYPT_DECRYPT')
      const hashes = ['1', ...bits]
      for (const hash of hashes) {
        const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:sha${hash}`, `rsa_mgf1_md:sha${hash}`]
        expect(
          files.run(
            ...['pkeyutl', '-encrypt', '-pubin', '-inkey', 'public.pem', '-in', 'message', '-out', 'sealed'],
            ...options.flatMap((option) => ['-pkeyopt', option]),
          ),
        ).toEqual({ ok: true, output: '' })
        const ciphertext = base64(files.read('sealed'))
        for (const named of hashes) {
          const input = {
            version: { key: keyId, number: 1 },
            ciphertext,
            encryptionAlgorithm: `RSAES_OAEP_SHA_${named}`,
          }
          expect(await max.mutate('decrypt', input, 'plaintext')).toMatchObject(
            named === hash ? { plaintext: message } : { code: 'INVALID_CIPHERTEXT' },
          )
        }
      }
    },
  )
})
