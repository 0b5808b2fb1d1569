import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEnvelopes } from '../../packages/client/src/envelope/envelope.ts'
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
function envelopeOf({ dataKey }: Vector) {
  const plaintext = () => fromBase64(dataKey)
  const payload = { keyId: 'ukey_01jgfjjz00fan9najd59y3p7jz', versionNumber: 1 }
  const { envelope } = createEnvelopes(
    {
      generateDataKey: async () => ({ ...payload, plaintext: plaintext(), ciphertext: new Uint8Array(82) }),
      decrypt: async () => ({ ...payload, plaintext: plaintext() }),
    },
    undefined,
  )
  return envelope
}

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

  it('as bytes', async () => {
    const opened = envelopeOf(vector).decrypt(bytes, options)
    if (vector.result === 'content') expect(await opened).toEqual(fromBase64(vector.content ?? ''))
    else await expect(opened).rejects.toBeInstanceOf(classes[vector.result])
  })

  it.each([1, 17, 1040, 5000])('as a stream of chunks of %s bytes', async (length) => {
    const opened = envelopeOf(vector).decrypt(inChunks(bytes, length), options).then(contentOf)
    if (vector.result === 'content') expect(await opened).toEqual(fromBase64(vector.content ?? ''))
    else await expect(opened).rejects.toBeInstanceOf(classes[vector.result])
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
