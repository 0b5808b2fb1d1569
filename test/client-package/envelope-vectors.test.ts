import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEnvelopes } from '../../packages/client/src/envelope/envelope.ts'
import { type WholeEnvelopes, wholeEnvelopes } from '../../packages/client/src/envelope/whole-envelopes.ts'
import { InvalidEnvelopeError, UnsupportedEnvelopeError } from '../../packages/client/src/index.ts'
import { cannotRun } from '../support/skip.ts'

interface Vector {
  readonly name: string
  readonly result: 'content' | 'invalid' | 'unsupported'
  readonly keyId: string
  readonly wrappedDataKey: string
  readonly dataKey: string
  readonly additionalAuthenticatedData: string
  readonly content?: string
  readonly envelope: string
}

const file = join(import.meta.dirname, '../../packages/client/vectors/envelopes.json')
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] }
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

/** Stands for a server that unwraps whatever it is given: only the envelope itself can show that it is wrong. */
function envelopeOf({ dataKey }: Pick<Vector, 'dataKey'>, whole: WholeEnvelopes | null = wholeEnvelopes) {
  const plaintext = () => fromBase64(dataKey)
  const payload = { keyId: 'ukey_01jgfjjz00fan9najd59y3p7jz', versionNumber: 1 }
  const { envelope } = createEnvelopes(
    {
      generateDataKey: async () => ({ ...payload, plaintext: plaintext(), ciphertext: new Uint8Array(82) }),
      decrypt: async () => ({ ...payload, plaintext: plaintext() }),
    },
    undefined,
    whole,
  )
  return envelope
}

/** Small envelopes as browsers have them, and as Node does. */
const ways = [
  ['WebCrypto', null],
  ['node:crypto', wholeEnvelopes],
] as const

async function* inChunks(bytes: Uint8Array, length: number) {
  for (let start = 0; start < bytes.length; start += length) yield bytes.slice(start, start + length)
}

async function contentOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

const classes = { invalid: InvalidEnvelopeError, unsupported: UnsupportedEnvelopeError }

describe.each(vectors)('vector: $name', (vector) => {
  const bytes = fromBase64(vector.envelope)
  const options = { additionalAuthenticatedData: fromBase64(vector.additionalAuthenticatedData) }

  it.each(ways)('as bytes, by %s', async (_name, whole) => {
    const opened = envelopeOf(vector, whole).decrypt(bytes, options)
    if (vector.result === 'content') expect(await opened).toEqual(fromBase64(vector.content ?? ''))
    else await expect(opened).rejects.toBeInstanceOf(classes[vector.result])
  })

  it.each([1, 17, 1040, 5000])('as a stream of chunks of %s bytes', async (length) => {
    const opened = envelopeOf(vector).decrypt(inChunks(bytes, length), options).then(contentOf)
    if (vector.result === 'content') expect(await opened).toEqual(fromBase64(vector.content ?? ''))
    else await expect(opened).rejects.toBeInstanceOf(classes[vector.result])
  })
})

describe('an envelope', () => {
  const dataKey = Buffer.alloc(32, 7).toString('base64')
  const options = { key: 'records', additionalAuthenticatedData: Buffer.from('records/7') }

  it('that one way wrote is read by the other, and changed ones by neither', async () => {
    expect(wholeEnvelopes).not.toBeNull()
    for (const length of [0, 1, 1000, 0x10000, 0x10001]) {
      const content = new Uint8Array(randomBytes(length))
      for (const [, writer] of ways) {
        const sealed = await envelopeOf({ dataKey }, writer).encrypt(content, options)
        for (const [, reader] of ways) {
          const { decrypt } = envelopeOf({ dataKey }, reader)
          expect(Buffer.compare(await decrypt(sealed, options), content)).toBe(0)
          for (const position of [10, 60, sealed.length - 1]) {
            const changed = Uint8Array.from(sealed)
            changed[position] = (changed[position] ?? 0) ^ 1
            // Without `key`, since the first one is in the ID of the key.
            const { additionalAuthenticatedData } = options
            const outcome = decrypt(changed, { additionalAuthenticatedData })
            await expect(outcome).rejects.toBeInstanceOf(InvalidEnvelopeError)
          }
          await expect(decrypt(sealed.subarray(0, -1), options)).rejects.toBeInstanceOf(InvalidEnvelopeError)
          await expect(decrypt(sealed)).rejects.toBeInstanceOf(InvalidEnvelopeError)
        }
      }
    }
  })

  it('is the only one in its memory, with a salt of its own', async () => {
    const { encrypt, decrypt } = envelopeOf({ dataKey })
    const content = Buffer.from('tea')
    const [first, second] = [await encrypt(content, options), await encrypt(content, options)]
    expect(first).not.toEqual(second)
    const opened = await decrypt(first, options)
    for (const bytes of [first, second, opened]) expect(bytes.buffer.byteLength).toBe(bytes.length)
  })

  it('leaves other tasks their turn where there are many', async () => {
    const { encrypt, decrypt } = envelopeOf({ dataKey })
    const sealed = await encrypt(randomBytes(0x10000), options)
    let turns = 0
    const other = setInterval(() => (turns += 1), 1)
    const opened = await Promise.all(Array.from({ length: 2000 }, () => decrypt(sealed, options)))
    clearInterval(other)
    expect(opened.length).toBe(2000)
    // Without turns there are none: what can be done at once is done before any timer.
    expect(turns).toBeGreaterThan(1)
  })

  it('is not worked on for a caller who has gone', async () => {
    const { encrypt } = envelopeOf({ dataKey })
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(encrypt(new Uint8Array(1), { ...options, signal })).rejects.toThrow('gone')
    await encrypt(new Uint8Array(1), options)
    await expect(encrypt(new Uint8Array(1), { ...options, signal })).rejects.toThrow('gone')
  })
})

/** That of the distribution, too: another one on the path may lack its packages. */
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import cryptography']).status === 0,
)
const hasNoPython =
  python === undefined &&
  cannotRun(
    'Envelopes read by Python',
    'There is no python3 with the package cryptography (python3-cryptography).',
  )

function readByPython(inputs: readonly object[]): readonly object[] {
  const program = join(import.meta.dirname, 'open_envelope.py')
  const { stdout, stderr } = spawnSync(python ?? '', [program], {
    input: JSON.stringify(inputs),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

describe.skipIf(hasNoPython)('an independent reader, in Python', () => {
  it('reads all vectors alike', () => {
    const expected = vectors.map(({ result, content }) => ({
      result,
      ...(content !== undefined && { content }),
    }))
    expect(vectors.length).toBeGreaterThan(20)
    expect(readByPython(vectors)).toEqual(expected)
  })

  it('reads what the client writes', async () => {
    const [vector] = vectors
    if (vector === undefined) throw new Error('there are vectors')
    const envelope = envelopeOf(vector)
    const lengths = [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 2 ** 21]
    const contents = lengths.map((length) => new Uint8Array(length).map((_, index) => index % 253))
    const additionalAuthenticatedData = new TextEncoder().encode('row 9')
    const inputs = await Promise.all(
      contents.map(async (content, index) => {
        const options = { key: 'a', additionalAuthenticatedData }
        const written =
          index % 2 === 0
            ? await envelope.encrypt(content, options)
            : await envelope.encrypt(inChunks(content, 300_001), options).then(contentOf)
        return {
          envelope: Buffer.from(written).toString('base64'),
          dataKey: vector.dataKey,
          additionalAuthenticatedData: Buffer.from(additionalAuthenticatedData).toString('base64'),
        }
      }),
    )
    const read = readByPython(inputs)
    expect(read).toEqual(
      contents.map((content) => ({ result: 'content', content: Buffer.from(content).toString('base64') })),
    )
  })
})
