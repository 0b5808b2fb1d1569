// Measures the client against a server of its own: `npm run bench:client`. Targets are ratios within one run.
import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, ratioOf, takeTurns } from '../../../bench/turns.ts'
import { startServerProcess } from '../../../test/support/server-process.ts'
import { createEnvelopes } from '../src/envelope/envelope.ts'
import { createClient, type KeysteadClient } from '../src/index.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const isQuick = values.quick
const rounds = isQuick ? 1 : 5
const folder = mkdtempSync(join(tmpdir(), 'keystead-client-bench-'))

const server = await startServerProcess({
  DATA_FOLDER: join(folder, 'data'),
  PORT: '0',
  RATE_LIMIT_UNITS: '0',
  CONSOLE: 'off',
})
try {
  let calls = 0
  const { token } = (await (await fetch(`${server.url}/dev/tokens/admin`)).json()) as { token: string }
  const client = (batchItemsMax: number) =>
    createClient({
      url: server.url,
      token,
      batchItemsMax,
      timeoutMs: 600_000,
      fetch(input, init) {
        calls += 1
        return fetch(input, init)
      },
    })
  const batching = client(500)
  await batching.createUserKey({ name: 'bench' })
  await measureBatches(batching, client(1))
  calls = 0
  await countCalls(batching, () => calls)
} finally {
  await server.stop('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
await measureStream()
await measureMemory()

async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return (performance.now() - startedAt) / 1000
}

/** 1,000 concurrent calls, joined, against the same one after the other and the same without batches. */
async function measureBatches(batching: KeysteadClient, single: KeysteadClient): Promise<void> {
  const count = isQuick ? 200 : 1000
  const plaintext = randomBytes(256)
  const encrypt = (client: KeysteadClient) => client.encrypt({ key: 'bench', plaintext })
  const together = (client: KeysteadClient) =>
    Promise.all(Array.from({ length: count }, () => encrypt(client)))
  await together(batching)
  const seconds = await takeTurns(rounds, {
    joined: () => secondsOf(() => together(batching)),
    concurrent: () => secondsOf(() => together(single)),
    oneByOne: () =>
      secondsOf(async () => {
        for (let call = 0; call < count; call += 1) await encrypt(batching)
      }),
  })
  console.log(`${count} encrypt calls of 256 B, median of ${rounds}:`)
  console.log(`  at the same time, as batches   ${median(seconds.joined).toFixed(3)} s`)
  console.log(`  at the same time, one by one   ${median(seconds.concurrent).toFixed(3)} s`)
  console.log(`  one after the other            ${median(seconds.oneByOne).toFixed(3)} s`)
  console.log(
    `  ratio: ${ratioOf(seconds.oneByOne, seconds.joined).toFixed(1)} times as fast as one after the other`,
  )
}

/** Calls to Keystead for records of one key and context, written and read again by another client. */
async function countCalls(client: KeysteadClient, calls: () => number): Promise<void> {
  const records = isQuick ? 10_000 : 100_000
  const content = randomBytes(256)
  const options = { key: 'bench', context: { purpose: 'bench' } }
  const before = calls()
  const seconds = await secondsOf(async () => {
    for (let done = 0; done < records; done += 1000) {
      await Promise.all(Array.from({ length: 1000 }, () => client.envelope.encrypt(content, options)))
    }
  })
  const made = calls() - before
  const share = (made / records) * 100
  console.log(`${records} envelopes of 256 B at the default bounds of data keys: ${made} calls to Keystead,`)
  console.log(
    `  ${share.toFixed(3)} % (target: at most 1 %), ${Math.round(records / seconds)} envelopes a second`,
  )
}

/** Envelopes without a server: a data key of its own. */
function localEnvelope() {
  const plaintext = randomBytes(32)
  const payload = { keyId: 'ukey_01jgfjjz00fan9najd59y3p7jz', versionNumber: 1 }
  return createEnvelopes(
    {
      generateDataKey: async () => ({
        ...payload,
        plaintext: Uint8Array.from(plaintext),
        ciphertext: new Uint8Array(82),
      }),
      decrypt: async () => ({ ...payload, plaintext: Uint8Array.from(plaintext) }),
    },
    undefined,
  ).envelope
}

async function* chunksOf(bytes: number): AsyncGenerator<Uint8Array> {
  const chunk = randomBytes(2 ** 20)
  for (let done = 0; done < bytes; done += chunk.length) yield chunk
}

async function lengthOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}

/** The stream of an envelope against AES-256-GCM of node:crypto over the same chunks, taking turns. */
async function measureStream(): Promise<void> {
  const bytes = isQuick ? 2 ** 26 : 2 ** 29
  const envelope = localEnvelope()
  const raw = async () => {
    const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12))
    for await (const chunk of chunksOf(bytes)) cipher.update(chunk)
    cipher.final()
  }
  const sealed = async () => lengthOf(await envelope.encrypt(chunksOf(bytes), { key: 'bench' }))
  const opened = async () => {
    const written = await envelope.encrypt(chunksOf(bytes), { key: 'bench' })
    await lengthOf(await envelope.decrypt(written))
  }
  await sealed()
  const seconds = await takeTurns(rounds, {
    raw: () => secondsOf(raw),
    sealed: () => secondsOf(sealed),
    both: () => secondsOf(opened),
  })
  const speed = (figures: readonly number[]) => Math.round(bytes / 2 ** 20 / median(figures))
  console.log(`A stream of ${bytes / 2 ** 20} MiB, median of ${rounds}:`)
  console.log(`  AES-256-GCM of node:crypto     ${speed(seconds.raw)} MiB/s`)
  console.log(`  envelope.encrypt               ${speed(seconds.sealed)} MiB/s`)
  console.log(`  encrypt and decrypt            ${speed(seconds.both)} MiB/s`)
  console.log(`  ratio of encrypt: ${ratioOf(seconds.raw, seconds.sealed).toFixed(2)} (target: at least 0.7)`)
}

/** Most memory while a stream of 1 GiB passes, above what was there before. */
async function measureMemory(): Promise<void> {
  const envelope = localEnvelope()
  const peakOf = async (bytes: number) => {
    let peak = 0
    const before = process.memoryUsage().rss
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss - before)
    }, 5)
    const written = await envelope.encrypt(chunksOf(bytes), { key: 'bench' })
    await lengthOf(await envelope.decrypt(written))
    clearInterval(timer)
    return Math.round(peak / 2 ** 20)
  }
  const [small, large] = isQuick ? [2 ** 26, 2 ** 27] : [2 ** 27, 2 ** 30]
  await peakOf(small)
  const figures = [await peakOf(small), await peakOf(large)]
  console.log(`Memory for encrypting and decrypting a stream, above the memory before it:`)
  console.log(`  ${small / 2 ** 20} MiB: ${figures[0]} MiB; ${large / 2 ** 20} MiB: ${figures[1]} MiB`)
}
