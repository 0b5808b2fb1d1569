import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ApiClient, createApiClient } from '../api-client.ts'
import { type BenchIssuer, createBenchIssuer } from '../bench-issuer.ts'
import { type FloodName, type FloodTally, type FloodTarget, floodNames } from '../floods.ts'
import { MeasuredServer } from '../measured-server.ts'
import { joinRounds, latencyOf, type Neighbour, type NeighbourRound, runNeighbour } from '../neighbour.ts'
import { messageText, textIn } from '../operations.ts'
import { type Bench, type Line, loadSettings, type Part } from '../part.ts'
import { numberOf } from '../report.ts'

const target = 3
/** How long a flood goes on before the neighbour is measured, and how long the server has to itself after it. */
const settleMs = 2000

/** What a project that floods the server does to another one. */
export const neighboursPart: Part = {
  name: 'neighbours',
  summary: 'a project beside another one that floods the server',
  async run(bench) {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-neighbours-'))
    const issuer = await createBenchIssuer(folder)
    const server = await MeasuredServer.start({
      DATABASE_URL: await bench.postgres.createDatabase('neighbours'),
      BENCH_SETTINGS: JSON.stringify({ ...loadSettings, ...issuer.settings }),
    })
    const clients: ApiClient[] = []
    const clientAt = (address: string) => {
      const client = createApiClient(server.url, address)
      clients.push(client)
      return client
    }
    try {
      // Two addresses, as two clients have them.
      const neighbour = await createNeighbour(clientAt('127.0.0.2'), issuer)
      const flooded = await createTarget(server.url, clientAt('127.0.0.1'), issuer)
      return await measure(bench, neighbour, flooded)
    } finally {
      for (const client of clients) client.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measure(bench: Bench, neighbour: Neighbour, flooded: FloodTarget): Promise<Line[]> {
  const seconds = bench.seconds * 4
  const alone: NeighbourRound[] = []
  const measureAlone = async () => {
    alone.push(await runNeighbour(neighbour, seconds))
  }
  await runNeighbour(neighbour, 2)
  await measureAlone()
  const beside = new Map<FloodName, { round: NeighbourRound; tally: FloodTally }>()
  for (const name of floodNames) {
    bench.note(name)
    beside.set(name, await measureBeside(name, { neighbour, flooded, seconds }))
    await sleep(settleMs)
  }
  await measureAlone()
  const quiet = joinRounds(alone)
  const p99Alone = latencyOf(quiet, 0.99)
  const ratios = new Map<string, number>()
  const lines = [...beside].map(([name, { round, tally }]): Line => {
    const ratio = latencyOf(round, 0.99) / p99Alone
    ratios.set(name, ratio)
    return {
      what: `a project beside ${name} of another one`,
      target: `no failure, p99 ≤ ${target} × its value alone`,
      figure: `${round.failures.length} failures, p99 ${numberOf(ratio)} ×`,
      isMet: round.failures.length === 0 && ratio <= target,
      conditions: `${describe(round)}; answers to the flood: ${describeTally(tally)}${describeFailures(round)}`,
    }
  })
  const [worst] = [...ratios].toSorted(([, a], [, b]) => b - a)
  return [
    {
      what: 'a project alone: encrypt at 50/s, sign (P-256) and a request with a fresh token at 1/s each',
      target: 'report',
      figure: `${quiet.failures.length} failures, p99 ${numberOf(p99Alone)} ms`,
      isMet: null,
      conditions: `${describe(quiet)}; no rate limit, durable audit on PostgreSQL; each line ${seconds} s, before and after the floods; furthest from the target: ${worst?.[0]}`,
    },
    ...lines,
  ]
}

/** Measures the neighbour while a process of its own floods the server. */
async function measureBeside(
  name: FloodName,
  { neighbour, flooded, seconds }: { neighbour: Neighbour; flooded: FloodTarget; seconds: number },
): Promise<{ round: NeighbourRound; tally: FloodTally }> {
  const program = fileURLToPath(new URL('../flood-process.ts', import.meta.url))
  // Longer than the neighbour takes to give up, should this process be gone by then.
  const FLOOD = JSON.stringify({ name, target: flooded, seconds: seconds + 60 })
  const child = spawn(process.execPath, ['--no-warnings', program], {
    env: { ...process.env, FLOOD },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const printed = text(child.stdout)
  await sleep(settleMs)
  const round = await runNeighbour(neighbour, seconds)
  child.stdin.end()
  await ended
  return { round, tally: JSON.parse(await printed) as FloodTally }
}

async function createNeighbour(client: ApiClient, issuer: BenchIssuer): Promise<Neighbour> {
  const caller = 'nina@neighbour'
  const create = await creatorFor(client, issuer, caller)
  const encryptionKey = await create('AES_256_GCM', 'ENCRYPT_DECRYPT')
  return { client, issuer, caller, encryptionKey, signingKey: await create('EC_P256', 'SIGN_VERIFY') }
}

async function createTarget(url: string, client: ApiClient, issuer: BenchIssuer): Promise<FloodTarget> {
  const callers = Array.from({ length: 4 }, (_, index) => `caller-${index}@crowd`)
  const [first = ''] = callers
  const create = await creatorFor(client, issuer, first)
  const rsaDecryptionKey = await create('RSA_4096', 'ENCRYPT_DECRYPT')
  const encrypted = await client.send(
    await issuer.tokenOf(first),
    JSON.stringify({
      query:
        'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
      variables: { input: { key: rsaDecryptionKey, plaintext: messageText } },
    }),
  )
  return {
    url,
    tokens: await Promise.all(callers.map((caller) => issuer.tokenOf(caller))),
    rsaSigningKey: await create('RSA_4096', 'SIGN_VERIFY'),
    mlDsaKey: await create('ML_DSA_87', 'SIGN_VERIFY'),
    rsaDecryptionKey,
    ciphertext: textIn(encrypted.body, 'ciphertext'),
  }
}

/** Creates keys as a caller. */
async function creatorFor(client: ApiClient, issuer: BenchIssuer, caller: string) {
  const token = await issuer.tokenOf(caller)
  return async (algorithm: string, usage: string): Promise<string> => {
    const name = `${algorithm}-${usage}`.toLowerCase()
    const query =
      'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on CreateUserKeyPayload { userKey { id } } } }'
    const body = JSON.stringify({ query, variables: { input: { name, algorithm, usage } } })
    return textIn((await client.send(token, body)).body, 'id')
  }
}

function describe(round: NeighbourRound): string {
  const ms = (part: number, kind?: 'encrypt' | 'sign' | 'fresh token') =>
    numberOf(latencyOf(round, part, kind))
  return `${round.requests} requests, p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms; sign p50 ${ms(0.5, 'sign')} ms, at most ${ms(1, 'sign')} ms; fresh tokens p50 ${ms(0.5, 'fresh token')} ms, at most ${ms(1, 'fresh token')} ms`
}

function describeTally(tally: FloodTally): string {
  const parts = Object.entries(tally).map(([status, count]) =>
    status === '0' ? `${count} without` : `${count} × ${status}`,
  )
  return parts.length === 0 ? 'none yet' : parts.join(', ')
}

function describeFailures({ failures }: NeighbourRound): string {
  if (failures.length === 0) return ''
  const counts = Map.groupBy(failures, (failure) => failure)
  return `; failures: ${[...counts].map(([failure, all]) => `${all.length} × ${failure}`).join(', ')}`
}
