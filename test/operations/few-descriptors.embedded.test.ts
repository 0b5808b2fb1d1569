import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { quickStart } from '../support/command-process.ts'
import { createTestDatabase } from '../support/databases.ts'
import { cannotRun } from '../support/skip.ts'

const hasNoLimits =
  spawnSync('prlimit', ['--version']).error !== undefined &&
  cannotRun('tests of a process that runs out of file descriptors', 'There is no prlimit.')
const within = { timeout: 50_000, interval: 50 }

function startLimited(limit: number, program: string, environment: Record<string, string>) {
  const child: ChildProcess = spawn(
    'prlimit',
    [`--nofile=${limit}:${limit}`, process.execPath, ...quickStart, program],
    {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', (line) => void output.push(line))
  }
  return { child, output, exited: once(child, 'exit') }
}

async function preparedFolder(): Promise<string> {
  const { dataFolder, dispose } = await createTestDatabase()
  onTestFinished(dispose)
  return dataFolder
}

describe.skipIf(hasNoLimits)('a process with few file descriptors', () => {
  it('keeps enough of them for its writes, whoever connects', async () => {
    const limit = 220
    const main = join(import.meta.dirname, '../../src/main.ts')
    const { child, output } = startLimited(limit, main, { DATA_FOLDER: await preparedFolder(), PORT: '0' })
    const found = () => output.map((line) => /GraphiQL +(http:\/\/[^/\s]+)/.exec(line)?.[1]).find(Boolean)
    await vi.waitUntil(found, within)
    const url = found() ?? ''
    const { token } = (await (await fetch(`${url}/dev/tokens/admin`)).json()) as { token: string }
    let created = 0
    const create = async () => {
      const query = `mutation { createUserKey(input: { name: "key${created++}" }) { __typename } }`
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      })
      return ((await response.json()) as { data: unknown }).data
    }
    const { hostname, port } = new URL(url)
    const sockets = Array.from({ length: 2 * limit }, () =>
      connect(Number(port), hostname).on('error', () => {}),
    )
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    // So many that some had to go.
    await vi.waitUntil(() => sockets.filter(({ destroyed }) => destroyed).length > limit, within)
    for (let times = 0; times < 5; times++) {
      expect(await create()).toEqual({ createUserKey: { __typename: 'CreateUserKeyPayload' } })
    }
    expect(readdirSync(`/proc/${child.pid}/fd`).length).toBeLessThan(limit - 5)
    expect(output.filter((line) => line.includes('"part":"connections"'))).toHaveLength(1)
    expect(output.filter((line) => line.includes('leaves room for fewer connections'))).toHaveLength(1)
  })

  it('makes files as before once it has some, without a restart', async () => {
    const program = join(import.meta.dirname, '../support/few-descriptors.ts')
    const { output, exited } = startLimited(400, program, { DATA_FOLDER: await preparedFolder() })
    await exited
    expect(output).toEqual([
      'before: written',
      // PostgreSQL closes files of its own and opens others in their place.
      'without: written,written',
      'after: written,written,written',
    ])
  })
})
