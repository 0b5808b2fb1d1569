import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
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
}

/** A server in a process of its own that load is put on. */
export class MeasuredServer {
  readonly #process: ChildProcess
  readonly #url: string
  readonly #headers: Record<string, string>

  private constructor(process: ChildProcess, { url, token }: { url: string; token: string }) {
    this.#process = process
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
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
    return new MeasuredServer(child, JSON.parse(line))
  }

  /** One request. */
  async ask(query: string, variables: object): Promise<string> {
    const body = JSON.stringify({ query, variables })
    return (await fetch(this.#url, { method: 'POST', headers: this.#headers, body })).text()
  }

  /** Repeats one operation on many connections; throws if any answer is not as it should be. */
  async measure({ query, variables, expected, connections, seconds }: Load): Promise<Round> {
    const result = await autocannon({
      url: this.#url,
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ query, variables }),
      connections,
      duration: seconds,
      verifyBody: (body) => expected.test(String(body)),
    })
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

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.stdin?.end()
    await ended
  }
}
