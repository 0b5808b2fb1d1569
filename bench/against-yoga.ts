import { MeasuredServer } from './measured-server.ts'
import { measureOperation, message, type Operation } from './operations.ts'
import { type Bench, loadSettings } from './part.ts'
import { median, ratioOf, takeTurns } from './turns.ts'

/** An operation on a server, to be compared with bare yoga. */
export interface Contestant {
  readonly server: MeasuredServer
  readonly operation: Operation
}

/** How a contestant compares. */
export interface Result {
  /** Its requests a second by those of bare yoga: the median of the rounds. */
  readonly ratio: number
  readonly perSecond: number
  readonly yogaPerSecond: number
  /** Processor time of the server process for each request, which depends less on what else the machine does. */
  readonly cpuMicroseconds: number
  readonly yogaCpuMicroseconds: number
}

const connections = 64

/** What bare yoga is asked for: the least that there is, and what `encrypt` is asked for. */
const requests = {
  constant: {
    query: '{ constant }',
    variables: {},
    expected: /^\{"data":\{"constant":"constant"\}\}\s*$/,
  },
  encrypt: {
    query:
      'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }',
    variables: { input: { key: 'ukey_00000000000000000000000000', plaintext: message.toString('base64') } },
    expected: /^\{"data":\{"encrypt":\{"ciphertext":"A{420}"\}\}\}\s*$/,
  },
} as const satisfies Record<string, Operation['load']>

/** Measures operations and bare yoga in turns, on as many connections each. */
export async function compareWithYoga<Name extends string>(
  bench: Bench,
  contestants: Readonly<Record<Name, Contestant>>,
  request: keyof typeof requests = 'constant',
): Promise<Record<Name, Result>> {
  const yoga = await MeasuredServer.startProgram('bare-yoga.ts', {})
  try {
    const cpu: Record<string, number[]> = {}
    const measure = async (name: string, { server, operation }: Contestant, seconds = bench.seconds) => {
      const cpuBefore = server.cpuSeconds()
      const round = await measureOperation(server, operation, { connections, seconds })
      cpu[name] = [...(cpu[name] ?? []), ((server.cpuSeconds() - cpuBefore) * 1e6) / round.requests]
      return round.requestsPerSecond
    }
    const all = { ...contestants, yoga: { server: yoga, operation: { load: requests[request] } } }
    const entries = Object.entries<Contestant>(all)
    for (const [, contestant] of entries) await measure('warm-up', contestant, Math.min(3, bench.seconds))
    const figures = await takeTurns(
      bench.rounds,
      Object.fromEntries(
        entries.map(([name, contestant]) => [name, () => measure(name, contestant)] as const),
      ),
    )
    const ofYoga = figures['yoga'] ?? []
    const yogaCpuMicroseconds = median(cpu['yoga'] ?? [])
    const results = Object.keys(contestants).map((name): [string, Result] => {
      const own = figures[name] ?? []
      return [
        name,
        {
          ratio: ratioOf(own, ofYoga),
          perSecond: median(own),
          yogaPerSecond: median(ofYoga),
          cpuMicroseconds: median(cpu[name] ?? []),
          yogaCpuMicroseconds,
        },
      ]
    })
    return Object.fromEntries(results) as Record<Name, Result>
  } finally {
    await yoga.stop()
  }
}

/** What such lines have in common. */
export function conditionsOf(result: Result, { rounds, seconds }: Bench): string {
  const against = (own: number, ofYoga: number) => `${Math.round(own)} against ${Math.round(ofYoga)}`
  return `${against(result.perSecond, result.yogaPerSecond)} requests/s; processor time of a request ${against(result.cpuMicroseconds, result.yogaCpuMicroseconds)} µs; ${connections} connections, one server process, ${rounds} rounds of ${seconds} s`
}

/** A server on a PostgreSQL database of its own. */
export async function startLoadedServer(
  bench: Bench,
  name: string,
  settings: Readonly<Record<string, string>> = {},
  ...options: string[]
): Promise<MeasuredServer> {
  const databaseUrl = await bench.postgres.createDatabase(name)
  const all = { ...loadSettings, ...settings, DATABASE_URL: databaseUrl }
  return MeasuredServer.start({ BENCH_SETTINGS: JSON.stringify(all) }, ...options)
}
