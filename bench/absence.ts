import { formatId, newUuid } from '../src/ids.ts'
import { type BenchServer, startBenchServer } from './own-server.ts'
import { compareSamples, quantile } from './two-samples.ts'

/**
 * Can a caller tell by the time of an answer whether a key exists? Two kinds of requests take turns at random, so that
 * whatever disturbs the machine disturbs both alike.
 */

const rounds = Number(process.argv[2] ?? 2000)

interface Scenario {
  readonly name: string
  /** What the two are, in the order of the table's columns. */
  readonly pair: readonly [string, string]
  /** Whether the two answers have to be the same bytes. */
  readonly sameBytes: boolean
  /** Sends one request of the pair. */
  run(server: BenchServer, which: 0 | 1): Promise<string>
  /** Runs before each request, untimed. */
  prepare?(server: BenchServer, which: 0 | 1): Promise<void>
}

const query = 'query($id: KeyRef!) { userKey(key: $id) { id name status } }'
const encrypt =
  'mutation($id: KeyRef!) { encrypt(input: { key: $id, plaintext: "aGk=" }) { __typename ... on UserError { code message } } }'
const rotate =
  'mutation($id: KeyRef!) { rotateUserKey(input: { key: $id }) { __typename ... on UserError { code message } } }'

const owner = 'olga@shop'
const other = 'ada@shop'
const stranger = 'ada@elsewhere'

async function createKey(server: BenchServer, name: string, enabled = false): Promise<string> {
  const created = await server.ask(
    owner,
    'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on CreateUserKeyPayload { userKey { id } } } }',
    { input: { name, accessControl: { enabled } } },
  )
  const id = /"id":"([^"]+)"/.exec(created)?.[1]
  if (id === undefined) throw new Error(`the key could not be created: ${created}`)
  return id
}

/** Keys of another project, against as many that never were: the one kind of ID is asked for as often as the other. */
function absence(name: string, document: string, keyIds: readonly string[]): Scenario {
  const unknown = keyIds.map(() => formatId('userKey', newUuid()))
  const one = (ids: readonly string[]) => ids[Math.floor(Math.random() * ids.length)]
  return {
    name,
    pair: ['other project', 'never existed'],
    sameBytes: true,
    run: (server, which) => server.ask(stranger, document, { id: one(which === 0 ? keyIds : unknown) }),
    // As its own project would: a key is warm in the cache.
    prepare: async (server) => void (await server.ask(owner, encrypt, { id: one(keyIds) })),
  }
}

/** What a caller outside of a key's access list is told, with the key in memory or not. */
function redacted(keyId: string): Scenario {
  return {
    name: 'encrypt, redacted key',
    pair: ['cold cache', 'warm cache'],
    sameBytes: true,
    run: (server) => server.ask(other, encrypt, { id: keyId }),
    async prepare(server, which) {
      // The same work before both; what comes last stays in the cache.
      const warmUp = () => server.ask(owner, encrypt, { id: keyId })
      if (which === 0) await warmUp()
      await dropFromCache(server)
      if (which === 1) await warmUp()
    },
  }
}

/** Fills a cache of few places with other keys. */
async function dropFromCache(server: BenchServer): Promise<void> {
  for (const id of fillers) await server.ask(owner, encrypt, { id })
}

async function measure(server: BenchServer, scenario: Scenario, count: number): Promise<string[]> {
  const times: [number[], number[]] = [[], []]
  const answers = new Set<string>()
  for (let round = -50; round < count; round++) {
    for (const which of Math.random() < 0.5 ? ([0, 1] as const) : ([1, 0] as const)) {
      await scenario.prepare?.(server, which)
      const start = performance.now()
      answers.add(await scenario.run(server, which))
      // The first rounds warm the program up.
      if (round >= 0) times[which].push(performance.now() - start)
    }
  }
  const [first, second] = times
  const { p, superiority } = compareSamples(first, second)
  const ms = (value: number) => value.toFixed(3)
  return [
    scenario.name,
    `${scenario.pair[0]} / ${scenario.pair[1]}`,
    answers.size === 1 ? 'same' : 'DIFFERENT',
    `${ms(quantile(first, 0.5))} / ${ms(quantile(second, 0.5))}`,
    `${ms(quantile(first, 0.95))} / ${ms(quantile(second, 0.95))}`,
    superiority.toFixed(3),
    p < 0.001 ? '< 0.001' : p.toFixed(3),
  ]
}

const fillers: string[] = []
const places = 8
const server = await startBenchServer({ KEY_CACHE_SIZE: String(places) })
try {
  const keyIds: string[] = []
  for (let n = 0; n < 100; n++) keyIds.push(await createKey(server, `orders-${n}`))
  for (let n = 0; n < places; n++) fillers.push(await createKey(server, `filler-${n}`))
  const rows = [
    ['request', 'pair', 'answers', 'median ms', 'p95 ms', 'P(first slower)', 'p'],
    await measure(server, absence('query userKey', query, keyIds), rounds),
    await measure(server, absence('mutation encrypt', encrypt, keyIds), rounds),
    await measure(server, absence('mutation rotateUserKey', rotate, keyIds), rounds),
    await measure(server, redacted(await createKey(server, 'secret', true)), Math.ceil(rounds / 4)),
  ]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  console.log(`
${rounds} requests of each kind (a quarter for the last row), in random order within each pair, over HTTP.
P(first slower): how often a request of the first kind takes longer than one of the second; 0.5 is no difference.
p: Mann–Whitney U test, two-sided. Above 0.01, chance alone explains the difference as well as anything.`)
} finally {
  await server.close()
}
