// Measures the client against a server of its own: `npm run bench:client`. Targets are ratios within one run.
import { type ChildProcess, spawn } from 'node:child_process'
import { createCipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createEnvelopes } from '../src/envelope/envelope.ts'
import { createClient, type KeysteadClient } from '../src/index.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const isQuick = values.quick
const rounds = isQuick ? 1 : 5
const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'keystead-client-bench-'))

const server = await startServer()
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
  const ended = once(server.process, 'exit')
  server.process.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true, force: true })
}
await measureStream()
await measureMemory()

/** A server in a process of its own, with the embedded database on disk. */
async function startServer(): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const child = spawn(process.execPath, ['--no-warnings', join(root, 'src/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      DATA_FOLDER: join(folder, 'data'),
      PORT: '0',
      RATE_LIMIT_UNITS: '0',
      CONSOLE: 'off',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /(?:listens on|GraphiQL) +(http:\/\/[^/\s]+)/.exec(line) ?? []
    if (url === undefined) continue
    child.stdout.resume()
    return { url, process: child }
  }
  throw new Error('the server ended')
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
}

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
  const seconds = { joined: [] as number[], concurrent: [] as number[], oneByOne: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    seconds.joined.push(await secondsOf(() => together(batching)))
    seconds.concurrent.push(await secondsOf(() => together(single)))
    seconds.oneByOne.push(
      await secondsOf(async () => {
        for (let call = 0; call < count; call += 1) await encrypt(batching)
      }),
    )
  }
  const [joined, concurrent, oneByOne] = [seconds.joined, seconds.concurrent, seconds.oneByOne].map(
    median,
  ) as [number, number, number]
  console.log(`${count} encrypt calls of 256 B, median of ${rounds}:`)
  console.log(`  at the same time, as batches   ${joined.toFixed(3)} s`)
  console.log(`  at the same time, one by one   ${concurrent.toFixed(3)} s`)
  console.log(`  one after the other            ${oneByOne.toFixed(3)} s`)
  console.log(`  ratio: ${(oneByOne / joined).toFixed(1)} times as fast as one after the other`)
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
  const seconds = { raw: [] as number[], sealed: [] as number[], both: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    seconds.raw.push(await secondsOf(raw))
    seconds.sealed.push(await secondsOf(sealed))
    seconds.both.push(await secondsOf(opened))
  }
  const speed = (figures: readonly number[]) => Math.round(bytes / 2 ** 20 / median(figures))
  const ratios = seconds.raw.map((each, round) => each / (seconds.sealed[round] ?? Number.NaN))
  console.log(`A stream of ${bytes / 2 ** 20} MiB, median of ${rounds}:`)
  console.log(`  AES-256-GCM of node:crypto     ${speed(seconds.raw)} MiB/s`)
  console.log(`  envelope.encrypt               ${speed(seconds.sealed)} MiB/s`)
  console.log(`  encrypt and decrypt            ${speed(seconds.both)} MiB/s`)
  console.log(`  ratio of encrypt: ${median(ratios).toFixed(2)} (target: at least 0.7)`)
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
