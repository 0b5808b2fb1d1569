import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { poolThreadsFor } from '../src/crypto/slow-work.ts'

/** What one round of load came to. */
export interface Round {
  readonly requests: number
  readonly requestsPerSecond: number
  /** Answers with a status other than 2xx, where the load may have them. */
  readonly refused: number
  readonly latencyMs: { readonly median: number; readonly p99: number }
}

/** One operation to repeat: the document, and what every answer must contain. */
export interface Load {
  readonly query: string
  readonly variables: object
  readonly expected: RegExp
  /** Whether the server may refuse some; `expected` then stands for refusals, too. */
  readonly mayRefuse?: boolean
  readonly connections: number
  readonly seconds: number
  /** Requests in all, spread evenly; as many as the server answers if not given. */
  readonly ratePerSecond?: number
  /** Ends the load before its time. */
  readonly until?: Promise<unknown>
  /** The body of each request, where they are not all the same. */
  readonly nextBody?: () => string
  /** Sees each answer. */
  readonly onAnswer?: (body: string) => void
}

/** A server in a process of its own that load is put on. */
export class MeasuredServer {
  readonly #process: ChildProcess
  readonly #output: Interface
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #metricsUrl: string | null

  private constructor(
    { process, output }: { process: ChildProcess; output: Interface },
    { url, token, metricsUrl = null }: { url: string; token: string; metricsUrl?: string | null },
  ) {
    this.#process = process
    this.#output = output
    this.#metricsUrl = metricsUrl
    this.#url = `${url}/graphql`
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  }

  static start(environment: Record<string, string>, ...options: string[]): Promise<MeasuredServer> {
    return MeasuredServer.startProgram('server-process.ts', environment, ...options)
  }

  /** The same with another program of this folder, which says as `server-process.ts` does where it is. */
  static async startProgram(
    name: string,
    environment: Record<string, string>,
    ...options: string[]
  ): Promise<MeasuredServer> {
    const program = fileURLToPath(new URL(name, import.meta.url))
    const child = spawn(process.execPath, ['--no-warnings', program, ...options], {
      // As `src/main.ts` does.
      env: {
        UV_THREADPOOL_SIZE: String(poolThreadsFor(availableParallelism())),
        ...process.env,
        ...environment,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit').then(() => {
      throw new Error('the server did not start')
    })
    const output = createInterface(child.stdout)
    const [line] = await Promise.race([once(output, 'line'), ended])
    return new MeasuredServer({ process: child, output }, JSON.parse(line))
  }

  /** The program itself, as operators start it: `keystead serve` with these arguments. */
  static async startServe(
    settings: Readonly<Record<string, string>>,
    token: string,
    ...args: string[]
  ): Promise<MeasuredServer> {
    const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    const { PATH, HOME } = process.env
    const child = spawn(process.execPath, ['--no-warnings', program, 'serve', ...args], {
      env: { PATH, HOME, PORT: '0', LOG_LEVEL: 'error', ...settings },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const output = createInterface(child.stdout)
    for await (const line of output) {
      const [, url] = /listens on (\S+)/.exec(line) ?? []
      if (url !== undefined) return new MeasuredServer({ process: child, output }, { url, token })
    }
    throw new Error('the server did not start')
  }

  /** Where its API is. */
  get url(): string {
    return this.#url
  }

  /** One request. */
  async ask(query: string, variables: object): Promise<string> {
    const body = JSON.stringify({ query, variables })
    return (await fetch(this.#url, { method: 'POST', headers: this.#headers, body })).text()
  }

  /** Repeats one operation on many connections; throws if any answer is not as it should be. */
  async measure(load: Load): Promise<Round> {
    const { query, variables, expected, connections, seconds, ratePerSecond, until, mayRefuse = false } = load
    const { nextBody, onAnswer } = load
    const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>()
    const options = {
      url: this.#url,
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ query, variables }),
      connections,
      duration: seconds,
      ...(ratePerSecond !== undefined && { overallRate: ratePerSecond }),
      ...(nextBody && {
        requests: [{ setupRequest: (request: autocannon.Request) => ({ ...request, body: nextBody() }) }],
      }),
      verifyBody(body: unknown) {
        onAnswer?.(String(body))
        return expected.test(String(body))
      },
    } as const
    const cannon = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
    until?.then(() => cannon.stop())
    const result = await promise
    const { errors, mismatches, non2xx, latency, requests } = result
    if (errors + mismatches + (mayRefuse ? 0 : non2xx) > 0 || requests.total === 0) {
      throw new Error(`${errors} errors, ${mismatches} wrong answers and ${non2xx} refusals under load`)
    }
    return {
      requests: requests.total,
      requestsPerSecond: requests.average,
      refused: non2xx,
      latencyMs: { median: latency.p50, p99: latency.p99 },
    }
  }

  /** Runs a round of housekeeping, and gives its report. */
  async runHousekeeping(): Promise<{ readonly rotatedKeys: number; readonly failedKeys: number }> {
    return this.#report('')
  }

  /** The 99th percentile of the delays of the server's event loop since the last call, in milliseconds. */
  async takeLoopDelayMs(): Promise<number> {
    const { p99Ms } = await this.#report<{ p99Ms: number }>('loop-delay')
    return p99Ms
  }

  async #report<T>(command: string): Promise<T> {
    const reported = once(this.#output, 'line')
    this.#process.stdin?.write(`${command}\n`)
    const [line] = await reported
    return JSON.parse(line)
  }

  /** The value of a metric, with its labels as Prometheus' text format has them; the server must have METRICS_PORT. */
  async readMetric(name: string): Promise<number> {
    if (this.#metricsUrl === null) throw new TypeError('the server was started without metrics')
    const text = await (await fetch(this.#metricsUrl)).text()
    // A counter that has counted nothing is not there.
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.slice(name.length + 1) ?? 0)
  }

  /** Processor time that the process has used so far, as the system (Linux) tells. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.#process.pid ?? 0)
  }

  /** The same of its workers. */
  workerCpuSeconds(): readonly number[] {
    return this.#workers().map(cpuSecondsOf)
  }

  /** Resident memory of the process and of its workers, in MiB. */
  residentMiBOfAll(): number {
    return [this.#process.pid ?? 0, ...this.#workers()].reduce((sum, pid) => sum + residentMiBOf(pid), 0)
  }

  #workers(): readonly number[] {
    const { pid } = this.#process
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  }

  /** Runs the process and its workers on these processors only. */
  pin(processors: string): void {
    for (const pid of [this.#process.pid ?? 0, ...this.#workers()]) pinProcess(pid, processors)
  }

  /** Time for which the process' main thread could have run and had no processor, as the system (Linux) tells. */
  waitedSeconds(): number {
    const [, waitedNs] = readFileSync(`/proc/${this.#process.pid}/schedstat`, 'utf8').split(' ')
    return Number(waitedNs) / 1e9
  }

  /** Memory that the process has at the moment, as the system (Linux) tells. */
  residentMiB(): number {
    return residentMiBOf(this.#process.pid ?? 0)
  }

  /** Most memory that the process has had so far, as the system (Linux) tells. */
  residentMiBMax(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.stdin?.end()
    await ended
  }

  /** Stops a server of `startServe`. */
  async stopServe(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
  }
}

/** Processor time of a process, as the system (Linux) tells. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticksPerSecond = 100
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

function residentMiBOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

/** Runs all threads of a process on these processors only. New threads and processes of it do so, too. */
export function pinProcess(pid: number, processors: string): void {
  const { status } = spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', processors, String(pid)])
  if (status !== 0) throw new Error('processors could not be assigned (taskset)')
}
