import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { algorithms } from '../../src/crypto/algorithms.ts'
import { encodeHeader, parseCiphertext } from '../../src/crypto/ciphertext-format.ts'
import { formatId } from '../../src/ids.ts'
import { capabilityOf } from './wycheproof/outcome.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/ciphertext-format.md'), 'utf8')
const vectors = [...document.matchAll(/```text\n(.*?)```/gs)].map(([, block = '']) => readVector(block))
const symmetric = algorithms.filter(({ capabilities }) => capabilities.ENCRYPT_DECRYPT?.kind === 'aead')

describe('docs/ciphertext-format.md', () => {
  it('has a vector and a row for every symmetric cipher', () => {
    expect(vectors.map(({ name }) => name).sort()).toEqual(symmetric.map(({ name }) => name).sort())
    for (const { name, capabilities } of symmetric) {
      const capability = capabilities.ENCRYPT_DECRYPT
      const id = capability?.kind === 'aead' ? capability.formatId.toString(16).padStart(2, '0') : ''
      expect(document).toContain(`| \`${id}\` | \`${name}\` |`)
    }
  })

  it.each(vectors)('$name: is the header, nonce, body and tag that the layout says', (vector) => {
    const { header, nonce, body, tag, ciphertext } = vector
    expect(Buffer.concat([header, nonce, body, tag])).toEqual(ciphertext)
  })

  it.each(vectors)('$name: opens with plain OpenSSL', (vector) => {
    const { cipher, key, nonce } = openWithOpenssl(vector)
    const decryption = createDecipheriv(cipher, key, nonce, { authTagLength: 16 })
    decryption.setAAD(Buffer.concat([vector.header, vector.aad]))
    decryption.setAuthTag(vector.tag)
    const plaintext = Buffer.concat([decryption.update(vector.body), decryption.final()])
    expect(plaintext.toString()).toBe(vector.plaintext.toString())
  })

  it.each(vectors)('$name: is read and opened by the product', (vector) => {
    const found = capabilityOf(vector.name, 'ENCRYPT_DECRYPT', 'aead')
    const parsed = parseCiphertext(vector.ciphertext)
    if (found === null || parsed === null) throw new TypeError('not read')
    expect(parsed).toMatchObject({ formatId: found.capability.formatId, version: 3 })
    expect(document).toContain(formatId('userKey', parsed.keyId))
    expect(encodeHeader(parsed)).toEqual(vector.header)
    const associatedData = Buffer.concat([parsed.headerBytes, vector.aad])
    const opened = found.capability.open(found.entry.load(vector.key), parsed.sealed, associatedData)
    expect(opened).toEqual(vector.plaintext)
  })
})

interface Vector {
  readonly name: string
  readonly key: Buffer
  readonly header: Buffer
  readonly nonce: Buffer
  readonly aad: Buffer
  readonly plaintext: Buffer
  readonly body: Buffer
  readonly tag: Buffer
  readonly ciphertext: Buffer
}

function readVector(block: string): Vector {
  const value = (label: string): string => {
    const line = block.split('\n').find((each) => each.startsWith(`${label}:`))
    if (line === undefined) throw new TypeError(`the vector has no ${label}`)
    return line.slice(label.length + 1).trim()
  }
  const hex = (label: string) => Buffer.from(value(label), 'hex')
  return {
    name: value('algorithm'),
    key: hex('key'),
    header: hex('header'),
    nonce: hex('nonce'),
    aad: Buffer.from(value('aad (text)')),
    plaintext: Buffer.from(value('plaintext (text)')),
    body: hex('body'),
    tag: hex('tag'),
    ciphertext: Buffer.from(value('ciphertext (base64)'), 'base64'),
  }
}

/** What OpenSSL needs; for XAES the key and nonce of its specification, with AES-256-CBC for the block cipher. */
function openWithOpenssl({ name, key, nonce }: Vector): {
  cipher: CipherGCMTypes
  key: Buffer
  nonce: Buffer
} {
  if (name !== 'XAES_256_GCM') {
    const ciphers: Record<string, string> = { AES_256_GCM: 'aes-256-gcm', AES_128_GCM: 'aes-128-gcm' }
    return { cipher: (ciphers[name] ?? 'chacha20-poly1305') as CipherGCMTypes, key, nonce }
  }
  const encryptBlock = (block: bigint) => {
    const aes = createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(false)
    return aes.update(Buffer.from(block.toString(16).padStart(32, '0'), 'hex'))
  }
  const l = BigInt(`0x${encryptBlock(0n).toString('hex')}`)
  const k1 = BigInt.asUintN(128, l << 1n) ^ (l >> 127n === 1n ? 0x87n : 0n)
  const [m1, m2] = ['0001', '0002'].map((counter) =>
    BigInt(`0x${counter}5800${nonce.toString('hex', 0, 12)}`),
  ) as [bigint, bigint]
  return {
    cipher: 'aes-256-gcm',
    key: Buffer.concat([encryptBlock(m1 ^ k1), encryptBlock(m2 ^ k1)]),
    nonce: nonce.subarray(12),
  }
}
