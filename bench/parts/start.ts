import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchIssuer, createBenchIssuer } from '../bench-issuer.ts'
import { messageText, textIn } from '../operations.ts'
import type { Line, Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median } from '../turns.ts'

const targets = { embedded: 2, postgresql: 1 } as const
const startSecondsMax = 240
const root = join(import.meta.dirname, '../..')

/** How long a restart takes, from the start of the process to its first answer. */
export const startPart: Part = {
  name: 'start',
  summary: 'warm start to the first answer, and memory then',
  async run(bench) {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-start-'))
    try {
      const issuer = await createBenchIssuer(folder)
      const databaseUrl = await bench.postgres.createDatabase('start')
      return [
        await measure('embedded', bench.rounds, { issuer, folder, databaseUrl: null }),
        await measure('postgresql', bench.rounds, { issuer, folder, databaseUrl }),
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function measure(
  kind: 'embedded' | 'postgresql',
  rounds: number,
  { issuer, folder, databaseUrl }: { issuer: BenchIssuer; folder: string; databaseUrl: string | null },
): Promise<Line> {
  const dataFolder = join(folder, kind)
  mkdirSync(dataFolder, { recursive: true })
  const settings = {
    ...issuer.settings,
    DATA_FOLDER: dataFolder,
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
  }
  const token = await issuer.tokenOf('ada@shop')
  const first = await startProgram(settings, token, () => [createDocument, {}])
  const keyId = textIn(first.answer, 'id')
  const firstPeakMiB = first.peakMiB()
  await first.stop()
  const [seconds, residentMiB]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const started = await startProgram(settings, token, () => [
      encryptDocument,
      { input: { key: keyId, plaintext: messageText } },
    ])
    textIn(started.answer, 'ciphertext')
    seconds.push(started.seconds)
    residentMiB.push(started.residentMiB())
    await started.stop()
  }
  const figure = median(seconds)
  return {
    what: `warm start to the first answer (encrypt), ${kind === 'embedded' ? 'embedded database' : 'PostgreSQL'}`,
    target: `≤ ${targets[kind]} s`,
    figure: `${numberOf(figure)} s`,
    isMet: figure <= targets[kind],
    conditions: `the source, run by Node; ${median(residentMiB)} MiB resident then, and ${numberOf(first.seconds)} s for the very first start, with ${firstPeakMiB} MiB at most; median of ${rounds} starts`,
  }
}

const createDocument =
  'mutation { createUserKey(input: { name: "start" }) { ... on CreateUserKeyPayload { userKey { id } } } }'
const encryptDocument =
  'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }'

interface Started {
  readonly answer: string
  readonly seconds: number
  residentMiB(): number
  /** Most resident memory so far. */
  peakMiB(): number
  stop(): Promise<void>
}

/** Starts the program as operators do, and asks until there is an answer. */
async function startProgram(
  settings: Readonly<Record<string, string>>,
  token: string,
  question: () => readonly [query: string, variables: object],
): Promise<Started> {
  const port = await findFreePort()
  const { PATH, HOME } = process.env
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, [join(root, 'src/main.ts')], {
    env: { PATH, HOME, PORT: String(port), LOG_LEVEL: 'error', ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [query, variables] = question()
  const answer = await askUntilAnswered(child, `http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return {
    answer,
    seconds: (performance.now() - startedAtMs) / 1000,
    residentMiB: () => memoryOf(child.pid, 'VmRSS'),
    peakMiB: () => memoryOf(child.pid, 'VmHWM'),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Memory of a process in MiB, by the kernel's name for it. */
function memoryOf(pid: number | undefined, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
}

async function askUntilAnswered(child: ChildProcess, url: string, request: RequestInit): Promise<string> {
  const endsAtMs = performance.now() + startSecondsMax * 1000
  while (child.exitCode === null && performance.now() < endsAtMs) {
    try {
      const response = await fetch(url, request)
      const text = await response.text()
      // The port answers from the beginning of a start, and says that nothing was done.
      if (response.status !== 503) return text
    } catch {
      // Nobody listens yet.
    }
    await sleep(5)
  }
  child.kill('SIGKILL')
  throw new Error('the program did not start')
}

async function findFreePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a port has a number')
  return address.port
}
