import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'

/** What one round of load came to. */
export interface Round {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly latencyMs: { readonly median: number; readonly p99: number }
}

/** One operation to repeat: the document, and what every answer must contain. */
export interface Load {
  readonly query: string
  readonly variables: object
  readonly expected: RegExp
  readonly connections: number
  readonly seconds: number
  /** Requests in all, spread evenly; as many as the server answers if not given. */
  readonly ratePerSecond?: number
  /** Ends the load before its time. */
  readonly until?: Promise<unknown>
}

/** A server in a process of its own that load is put on. */
export class MeasuredServer {
  readonly #process: ChildProcess
  readonly #output: Interface
  readonly #url: string
  readonly #headers: Record<string, string>

  private constructor(
    { process, output }: { process: ChildProcess; output: Interface },
    { url, token }: { url: string; token: string },
  ) {
    this.#process = process
    this.#output = output
    this.#url = `${url}/graphql`
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  }

  static async start(environment: Record<string, string>, ...options: string[]): Promise<MeasuredServer> {
    const program = fileURLToPath(new URL('server-process.ts', import.meta.url))
    const child = spawn(process.execPath, ['--no-warnings', program, ...options], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit').then(() => {
      throw new Error('the server did not start')
    })
    const output = createInterface(child.stdout)
    const [line] = await Promise.race([once(output, 'line'), ended])
    return new MeasuredServer({ process: child, output }, JSON.parse(line))
  }

  /** One request. */
  async ask(query: string, variables: object): Promise<string> {
    const body = JSON.stringify({ query, variables })
    return (await fetch(this.#url, { method: 'POST', headers: this.#headers, body })).text()
  }

  /** Repeats one operation on many connections; throws if any answer is not as it should be. */
  async measure(load: Load): Promise<Round> {
    const { query, variables, expected, connections, seconds, ratePerSecond, until } = load
    const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>()
    const options = {
      url: this.#url,
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ query, variables }),
      connections,
      duration: seconds,
      ...(ratePerSecond !== undefined && { overallRate: ratePerSecond }),
      verifyBody: (body: unknown) => expected.test(String(body)),
    } as const
    const cannon = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
    until?.then(() => cannon.stop())
    const result = await promise
    const { errors, mismatches, non2xx, latency, requests } = result
    if (errors + mismatches + non2xx > 0 || requests.total === 0) {
      throw new Error(`${errors} errors, ${mismatches} wrong answers and ${non2xx} refusals under load`)
    }
    return {
      requests: requests.total,
      requestsPerSecond: requests.average,
      latencyMs: { median: latency.p50, p99: latency.p99 },
    }
  }

  /** Runs a round of housekeeping, and gives its report. */
  async runHousekeeping(): Promise<{ readonly rotatedKeys: number; readonly failedKeys: number }> {
    const reported = once(this.#output, 'line')
    this.#process.stdin?.write('\n')
    const [line] = await reported
    return JSON.parse(line)
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.stdin?.end()
    await ended
  }
}
