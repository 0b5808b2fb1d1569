// COSE messages of libraries that take an external signer, signed with keys of Keystead, and verified by python-cwt.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createClient, type KeyAlgorithm } from '@keystead/client'
import { type CoseAlgorithm, type CoseSigner, createCoseSigner } from '@keystead/client/cose'
import { CoseKey, KeyType, Sign1, type SignatureAlgorithm } from '@owf/mdoc'
import { attached, detached } from '@transmute/cose'

const keys: readonly (readonly [KeyAlgorithm, readonly CoseAlgorithm[]])[] = [
  ['EC_P256', ['ES256']],
  ['EC_P384', ['ES384']],
  ['EC_P521', ['ES512']],
  ['EC_SECP256K1', ['ES256K']],
  ['ED25519', ['EdDSA']],
  ['RSA_2048', ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']],
]
const payload = new TextEncoder().encode('ten pounds of tea')
const externalAad = new TextEncoder().encode('invoice 7')

interface Message {
  readonly name: string
  readonly cose: Uint8Array
  readonly isDetached: boolean
  readonly hasExternalAad: boolean
}

async function withTransmute(signer: CoseSigner): Promise<Message[]> {
  // This library writes buffers as bytes, and views of them with a tag.
  const request = () => ({
    protectedHeader: new Map<number, unknown>([
      [1, signer.alg],
      [4, signer.kid.buffer],
    ]),
    unprotectedHeader: new Map(),
    payload: payload.buffer as ArrayBuffer,
  })
  const whole = await attached.signer({ remote: signer }).sign(request())
  const without = await detached.signer({ remote: signer }).sign(request())
  return [
    { name: '@transmute/cose', cose: new Uint8Array(whole), isDetached: false, hasExternalAad: false },
    { name: '@transmute/cose', cose: new Uint8Array(without), isDetached: true, hasExternalAad: false },
  ]
}

async function withOwf(signer: CoseSigner): Promise<Message[]> {
  const protectedHeaders = new Map<number, unknown>([
    [1, signer.alg],
    [4, signer.kid],
  ])
  const sign1 = {
    sign: async ({ toBeSigned }: { toBeSigned: Uint8Array }) =>
      new Uint8Array(await signer.sign(Uint8Array.from(toBeSigned))),
    verify: async () => false,
  }
  const algorithm = signer.alg as SignatureAlgorithm
  // Nobody but the function above gets this key, which has none.
  const signingKey = CoseKey.create({ keyType: KeyType.Ec, algorithm })
  const made = await Sign1.create({ protectedHeaders, payload, externalAad, signingKey, algorithm }, {
    cose: { sign1, mac0: { sign: none, verify: none } },
  } as unknown as Parameters<typeof Sign1.create>[1])
  return [{ name: '@owf/mdoc', cose: made.encode(), isDetached: false, hasExternalAad: true }]
}

function none(): never {
  throw new Error('no MAC is made here')
}

const client = createClient({
  url: process.env['KEYSTEAD_URL'] ?? '',
  token: process.env['KEYSTEAD_TOKEN'] ?? '',
})
const cases: object[] = []
for (const [algorithm, names] of keys) {
  const key = `cose-${algorithm.toLowerCase().replaceAll('_', '-')}`
  const { userKey } = await client.createUserKey({ name: key, algorithm, usage: 'SIGN_VERIFY' })
  const jwk = (await client.userKey({ key }))?.defaultVersion?.publicKey?.jwk as Record<string, unknown>
  for (const alg of names) {
    const signer = await createCoseSigner(client, { key, alg })
    const messages = [...(await withTransmute(signer)), ...(await withOwf(signer))]
    for (const { name, cose, isDetached, hasExternalAad } of messages) {
      cases.push({
        name: `${name} ${alg}`,
        cose: Buffer.from(cose).toString('base64'),
        jwk: { ...jwk, alg, kid: userKey.defaultVersion?.id, use: 'sig' },
        payload: Buffer.from(payload).toString('base64'),
        isDetached,
        externalAad: hasExternalAad ? Buffer.from(externalAad).toString('base64') : '',
      })
    }
  }
}
const { status, stdout, stderr } = spawnSync('.venv/bin/python', ['verify.py'], {
  input: JSON.stringify(cases),
  encoding: 'utf8',
})
assert.equal(status, 0, `${stdout}${stderr}`)
assert.equal(stdout.trim(), `${cases.length} verified, ${cases.length} changed ones refused`)
console.log('done')
