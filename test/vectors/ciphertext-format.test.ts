import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { algorithms } from '../../src/crypto/algorithms.ts'
import { encodeHeader, parseCiphertext } from '../../src/crypto/ciphertext-format.ts'
import { encodeContext, isEncodedContext } from '../../src/crypto/encryption-context.ts'
import { formatId } from '../../src/ids.ts'
import { capabilityOf } from './wycheproof/outcome.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/ciphertext-format.md'), 'utf8')
const vectors = [...document.matchAll(/```text\n(.*?)```/gs)].map(([, block = '']) => readVector(block))
const contextVectors = vectors.flatMap(({ context, ...vector }) =>
  context === null ? [] : [{ ...vector, context }],
)
const symmetric = algorithms.filter(({ capabilities }) => capabilities.ENCRYPT_DECRYPT?.kind === 'aead')

describe('docs/ciphertext-format.md', () => {
  it('has a vector and a row for every symmetric cipher', () => {
    const plain = vectors.filter(({ context }) => context === null)
    expect(plain.map(({ name }) => name).sort()).toEqual(symmetric.map(({ name }) => name).sort())
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

  it('has a vector with an encryption context, out of order and with a character beyond ASCII', () => {
    expect(contextVectors).toHaveLength(1)
    const [{ context } = { context: [] }] = contextVectors
    const names = context.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(1)
    expect(names).not.toEqual(names.toSorted())
    expect(context.map(({ value }) => value).join()).toMatch(/[^\0-\x7F]/)
  })

  it.each(contextVectors)('$name with an encryption context: is encoded as the table says', (vector) => {
    expect(contextByTable(vector.context)).toBe(vector.aad.toString('hex'))
  })

  it.each(contextVectors)(
    '$name with an encryption context: is encoded by the product, in any order',
    (vector) => {
      expect(encodeContext(vector.context)).toEqual(vector.aad)
      expect(encodeContext(vector.context.toReversed())).toEqual(vector.aad)
      expect(isEncodedContext(vector.aad)).toBe(true)
    },
  )
})

/** The encoding in hexadecimal, written down from the table of the document. */
function contextByTable(context: NonNullable<Vector['context']>): string {
  const magic = /ASCII text `([^`]+)` and a zero byte/.exec(document)?.[1] ?? ''
  const hexOf = (text: string) =>
    [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const length = (text: string, bytes: number) =>
    (hexOf(text).length / 2).toString(16).padStart(2 * bytes, '0')
  const byName = new Map(context.map(({ name, value }) => [name, value]))
  const pairs = [...byName.keys()].sort().map((name) => {
    const value = byName.get(name) ?? ''
    return `${length(name, 1)}${hexOf(name)}${length(value, 2)}${hexOf(value)}`
  })
  return `${hexOf(magic)}00${pairs.length.toString(16).padStart(2, '0')}${pairs.join('')}`
}

interface Vector {
  readonly name: string
  /** Null for additional authenticated data that is no context. */
  readonly context: readonly { readonly name: string; readonly value: string }[] | null
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
  const hasContext = block.startsWith('context (JSON):')
  return {
    name: value('algorithm'),
    context: hasContext ? (JSON.parse(value('context (JSON)')) as Vector['context']) : null,
    key: hex('key'),
    header: hex('header'),
    nonce: hex('nonce'),
    aad: hasContext ? hex('aad') : Buffer.from(value('aad (text)')),
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
