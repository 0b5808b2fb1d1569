import { toBase64 } from '../base64.ts'
import type { CallOptions } from '../call-options.ts'
import { raceWith } from '../deadline.ts'
import { InvalidEnvelopeError } from '../errors.ts'
import type { EncryptionContext, Operations } from '../generated/types.ts'
import { createDataKeyCache, type DataKey, type DataKeyCacheOptions } from './data-key-cache.ts'
import { decodeHeader, type EnvelopeHeader, encodeHeader, headerBytesMax, saltBytes } from './header.ts'
import { joinBytes } from './join-bytes.ts'
import {
  createPieceOpener,
  createPieceSealer,
  cutIntoPieces,
  type PieceCipher,
  processPieces,
  slicesOf,
  tagBytes,
} from './pieces.ts'
import { doInTurn } from './stretches.ts'
import { type WholeEnvelopes, wholeBytesMax, wholeEnvelopes } from './whole-envelopes.ts'

/** Content that comes piece by piece. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** Options of {@link Envelope.decrypt}. */
export interface EnvelopeDecryptOptions extends Pick<CallOptions, 'signal'> {
  /** The context with which it was encrypted. */
  readonly context?: EncryptionContext | undefined
  /** The additional authenticated data with which it was encrypted. */
  readonly additionalAuthenticatedData?: Uint8Array | undefined
  /** If given, the envelope must be of this key: its ID, name or alias. */
  readonly key?: string | undefined
}

/** Options of {@link Envelope.encrypt}. */
export interface EnvelopeEncryptOptions extends Pick<CallOptions, 'signal'> {
  /** A symmetric key: its ID, name or alias. */
  readonly key: string
  /**
   * Binds the data key to names and values, which Keystead checks and records in clear. Envelopes of one context share
   * data keys; a context for each record takes a call for each record.
   */
  readonly context?: EncryptionContext | undefined
  /** Binds the envelope to bytes that are kept elsewhere, such as the ID of its record. Keystead does not learn them. */
  readonly additionalAuthenticatedData?: Uint8Array | undefined
}

/** Encryption of content in this process, with data keys that Keystead wraps. */
export interface Envelope {
  /** Encrypts bytes. */
  encrypt(content: Uint8Array, options: EnvelopeEncryptOptions): Promise<Uint8Array>
  /** Encrypts a stream, in a memory that does not grow with it. */
  encrypt(content: ByteStream, options: EnvelopeEncryptOptions): Promise<ReadableStream<Uint8Array>>
  /** Decrypts an envelope. */
  decrypt(envelope: Uint8Array, options?: EnvelopeDecryptOptions): Promise<Uint8Array>
  /**
   * Decrypts a stream. Each piece was verified when it comes out, but only the end says that nothing is missing: if the
   * stream fails, discard what came before.
   */
  decrypt(envelope: ByteStream, options?: EnvelopeDecryptOptions): Promise<ReadableStream<Uint8Array>>
}

/** Pieces of 1 MiB: fewer of them cost less, and four fit into any memory. */
const pieceExponent = 20
const dataKeyBytes = 32
const none = new Uint8Array()

/** Envelopes of a client, and the end of their data keys. */
export interface Envelopes {
  readonly envelope: Envelope
  /** Erases all data keys. */
  close(): void
}

/** Makes the envelopes of a client. With `whole: null`, small ones are encrypted by WebCrypto, too. */
export function createEnvelopes(
  client: Pick<Operations, 'generateDataKey' | 'decrypt'>,
  options: DataKeyCacheOptions | undefined,
  whole: WholeEnvelopes | null = wholeEnvelopes,
): Envelopes {
  const cache = createDataKeyCache(options)

  /** Has no signal of a caller: others may wait for the same data key. */
  async function generate(key: string, context: EncryptionContext | undefined): Promise<DataKey> {
    const input = { key, lengthBytes: dataKeyBytes, ...(context !== undefined && { context }) }
    const { plaintext, ciphertext, keyId } = await client.generateDataKey(input)
    const dataKey = { plaintext, wrapped: ciphertext, keyId }
    cache.add(nameOf('open', toBase64(ciphertext), null, context), dataKey)
    return dataKey
  }

  async function unwrap(
    { wrappedDataKey: wrapped, keyId }: EnvelopeHeader,
    { key, context }: EnvelopeDecryptOptions,
  ): Promise<DataKey> {
    const expected = { ciphertext: wrapped, key: key ?? keyId }
    const { plaintext } = await client.decrypt({ ...expected, ...(context !== undefined && { context }) })
    if (plaintext.length !== dataKeyBytes)
      throw new InvalidEnvelopeError('The envelope wraps no data key of 32 bytes.')
    return { plaintext, wrapped, keyId }
  }

  async function seal(bytes: number, options: EnvelopeEncryptOptions): Promise<Sealing> {
    const { key, context, additionalAuthenticatedData = none } = options
    return waitFor(
      cache.use(
        nameOf('seal', key, null, context),
        bytes,
        () => generate(key, context),
        async ({ plaintext, ...dataKey }, count) => {
          const header = newHeader(dataKey)
          const cipher = await createPieceSealer({ header, dataKey: plaintext, additionalAuthenticatedData })
          return { header: encodeHeader(header), cipher, count }
        },
      ),
      options.signal,
    )
  }

  async function open(
    bytes: number,
    header: EnvelopeHeader,
    options: EnvelopeDecryptOptions,
  ): Promise<Opening> {
    const { key = null, context, additionalAuthenticatedData = none } = options
    return waitFor(
      cache.use(
        nameOf('open', toBase64(header.wrappedDataKey), key, context),
        bytes,
        () => unwrap(header, options),
        async ({ plaintext, keyId }, count) => {
          requireSameKey(key, keyId, header)
          return {
            cipher: await createPieceOpener({ header, dataKey: plaintext, additionalAuthenticatedData }),
            count,
          }
        },
      ),
      options.signal,
    )
  }

  /** Works on a small envelope in one step, with the data key of a name. */
  async function useWhole(
    {
      name,
      bytes,
      load,
    }: { readonly name: string; readonly bytes: number; readonly load: () => Promise<DataKey> },
    signal: AbortSignal | undefined,
    work: (dataKey: DataKey) => Uint8Array,
  ): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const now = doInTurn(() => cache.useNow(name, bytes, work))
    const done = now instanceof Promise ? await waitFor(now, signal) : now
    if (done !== null) return done
    const later = cache.use(name, bytes, load, (dataKey) => {
      let used = dataKey
      const made = doInTurn(() => work(used))
      if (!(made instanceof Promise)) return made
      // It waits for its turn, and the cache may erase the key before.
      used = { ...dataKey, plaintext: dataKey.plaintext.slice() }
      return made.finally(() => used.plaintext.fill(0))
    })
    return waitFor(later, signal)
  }

  function sealWhole(whole: WholeEnvelopes, content: Uint8Array, options: EnvelopeEncryptOptions) {
    const { key, context, additionalAuthenticatedData = none } = options
    const name = nameOf('seal', key, null, context)
    const load = () => generate(key, context)
    return useWhole({ name, bytes: content.length, load }, options.signal, ({ plaintext, ...of }) =>
      whole.seal({ header: newHeader(of), dataKey: plaintext, additionalAuthenticatedData }, content),
    )
  }

  function openWhole(
    whole: WholeEnvelopes,
    { header, piece }: { readonly header: EnvelopeHeader; readonly piece: Uint8Array },
    options: EnvelopeDecryptOptions,
  ) {
    const { key = null, context, additionalAuthenticatedData = none } = options
    const name = nameOf('open', toBase64(header.wrappedDataKey), key, context)
    const load = () => unwrap(header, options)
    return useWhole({ name, bytes: piece.length, load }, options.signal, ({ plaintext, keyId }) => {
      requireSameKey(key, keyId, header)
      return whole.open({ header, dataKey: plaintext, additionalAuthenticatedData }, piece)
    })
  }

  async function encrypt(content: Uint8Array | ByteStream, options: EnvelopeEncryptOptions) {
    requireOptions(options)
    if (content instanceof Uint8Array) {
      if (whole !== null && content.length <= wholeBytesMax) return sealWhole(whole, content, options)
      const { header, cipher } = await seal(content.length, options)
      return joined([header], processPieces(slicesOf(content, 2 ** pieceExponent), cipher))
    }
    const source = openSource(content)
    const { header, cipher, count } = await endedWith(source, seal(0, options))
    const pieces = cutIntoPieces(counted(source.chunks, count), 2 ** pieceExponent)
    return streamOf(withHeader(header, processPieces(pieces, cipher)), source, options.signal)
  }

  async function decrypt(envelope: Uint8Array | ByteStream, options: EnvelopeDecryptOptions = {}) {
    requireOptions(options)
    if (envelope instanceof Uint8Array) {
      const { header, length } = decodeHeader(envelope) ?? cutOff()
      const pieces = envelope.subarray(length)
      const pieceBytes = 2 ** header.pieceExponent + tagBytes
      if (whole !== null && pieces.length <= Math.min(pieceBytes, wholeBytesMax + tagBytes))
        return openWhole(whole, { header, piece: pieces }, options)
      const { cipher } = await open(envelope.length, header, options)
      return joined([], processPieces(slicesOf(pieces, pieceBytes), cipher))
    }
    const source = openSource(envelope)
    const { decoded, rest } = await endedWith(source, readHeader(source.chunks))
    const { cipher, count } = await endedWith(source, open(0, decoded.header, options))
    const pieces = cutIntoPieces(counted(rest, count), 2 ** decoded.header.pieceExponent + tagBytes)
    return streamOf(processPieces(pieces, cipher), source, options.signal)
  }

  return { envelope: { encrypt, decrypt } as Envelope, close: () => cache.clear() }
}

interface Opening {
  readonly cipher: PieceCipher
  readonly count: (bytes: number) => void
}

interface Sealing extends Opening {
  readonly header: Uint8Array
}

/** The header of a new envelope. Its salt is used for no other. */
function newHeader({ wrapped, keyId }: Omit<DataKey, 'plaintext'>): EnvelopeHeader {
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes))
  return { pieceExponent, keyId, wrappedDataKey: wrapped, salt }
}

function requireSameKey(expected: string | null, keyId: string, header: EnvelopeHeader): void {
  if (expected === null && keyId !== header.keyId)
    throw new InvalidEnvelopeError('The envelope names another key.')
}

/** Data keys are shared by who may share them: the same direction, key and context. */
function nameOf(
  direction: 'seal' | 'open',
  subject: string,
  key: string | null,
  context: EncryptionContext | undefined,
): string {
  const pairs = Object.entries(context ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([direction, subject, key, context === undefined ? null : pairs])
}

function requireOptions({ additionalAuthenticatedData }: EnvelopeDecryptOptions): void {
  if (additionalAuthenticatedData !== undefined && !(additionalAuthenticatedData instanceof Uint8Array)) {
    throw new TypeError(
      'additionalAuthenticatedData must be a Uint8Array. Use new TextEncoder().encode(text) for text.',
    )
  }
}

function waitFor<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  return signal === undefined ? promise : raceWith(promise, signal)
}

function cutOff(): never {
  throw new InvalidEnvelopeError('The envelope is cut off within its header.')
}

/** A stream that is read, and can be ended at any time. */
interface Source {
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>
  end(): Promise<void>
}

function openSource(stream: ByteStream): Source {
  const { getReader, locked } = stream as Partial<ReadableStream<Uint8Array>>
  const isIterable = Symbol.asyncIterator in stream
  if (!isIterable && typeof getReader !== 'function') {
    throw new TypeError(
      'The content must be a Uint8Array, a ReadableStream or an AsyncIterable of Uint8Array.',
    )
  }
  if (locked === true) throw new TypeError('The stream is being read by somebody else (it is locked).')
  const chunks = chunksOf(stream)
  return {
    chunks,
    async end() {
      await chunks.return()
      // A generator that has not begun does not know what it would have read.
      const { cancel, locked: isLocked } = stream as Partial<ReadableStream<Uint8Array>>
      if (cancel !== undefined && isLocked === false) await cancel.call(stream).catch(() => {})
    },
  }
}

async function* chunksOf(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  if (Symbol.asyncIterator in stream) {
    yield* stream
    return
  }
  // Not all browsers can iterate over theirs.
  const reader = (stream as ReadableStream<Uint8Array>).getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    // Also where nobody reads on: the source ends, too.
    await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    count(chunk.length)
    yield chunk
  }
}

async function* withHeader(
  header: Uint8Array,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield header
  yield* pieces
}

/** Reads the header of an envelope, and gives the rest of the stream. */
async function readHeader(chunks: AsyncGenerator<Uint8Array, void, undefined>) {
  let bytes = new Uint8Array()
  for (;;) {
    const decoded = decodeHeader(bytes)
    if (decoded !== null) return { decoded, rest: withHeader(bytes.slice(decoded.length), chunks) }
    if (bytes.length >= headerBytesMax) return cutOff()
    const { done, value } = await chunks.next()
    if (done === true) return cutOff()
    const more = new Uint8Array(bytes.length + value.length)
    more.set(bytes)
    more.set(value, bytes.length)
    bytes = more
  }
}

/** Ends the source of a stream that will not be read. */
async function endedWith<Value>({ end }: Source, promise: Promise<Value>): Promise<Value> {
  try {
    return await promise
  } catch (error) {
    await end()
    throw error
  }
}

async function joined(first: readonly Uint8Array[], pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts = [...first]
  for await (const piece of pieces) parts.push(piece)
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : joinBytes(...parts)
}

/** A stream that asks for no more than is read, and ends its source when its reader goes. */
function streamOf(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  source: Source,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  async function end(): Promise<void> {
    await chunks.return()
    await source.end()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await waitFor(chunks.next(), signal)
          if (done === true) controller.close()
          // An empty chunk says nothing: the content was empty, and the next step is the end.
          else if (value.length > 0) controller.enqueue(value)
          else controller.close()
        } catch (error) {
          // Not waited for: the source may be what hangs.
          end().catch(() => {})
          throw error
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}
