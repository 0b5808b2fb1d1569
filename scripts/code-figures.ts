/**
 * Prints the size of `src`, and how many files and functions one warm request passes: `npm run -s code:figures`.
 * V8 counts the calls of one request to a server on the embedded database in this process.
 * `-- --files` lists the files of each way too, with the names of the called functions.
 */

import { globSync, readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startBenchServer } from '../bench/own-server.ts'

const root = join(import.meta.dirname, '..')
const admin = 'alice@shop'
const warmRequests = 200
/** Measured requests. Timers of the server can fall into one, so that the one with the fewest functions counts. */
const measuredRequests = 5
const listsFiles = process.argv.includes('--files')

const createKey =
  'mutation($n: String!) { createUserKey(input: { name: $n }) { ... on CreateUserKeyPayload { userKey { id } } } }'
const encrypt =
  'mutation($k: KeyRef!) { encrypt(input: { key: $k, plaintext: "aGVsbG8=" }) { ... on EncryptPayload { ciphertext } } }'
const rotate =
  'mutation($k: KeyRef!) { rotateUserKey(input: { key: $k }) { ... on RotateUserKeyPayload { userKey { id } } } }'
const page = '{ userKeys(first: 20) { edges { cursor node { id name status } } } }'

printSize()
await printWays()

function printSize(): void {
  const lines = globSync('src/**/*.{ts,js}', { cwd: root })
    .filter((file) => !file.includes('/generated/'))
    .map((file) => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length)
    .sort((one, other) => one - other)
  const total = lines.reduce((sum, each) => sum + each, 0)
  console.log(
    `src: ${lines.length} files, ${total} lines, median ${lines[Math.floor(lines.length / 2)]} lines`,
  )
}

async function printWays(): Promise<void> {
  const server = await startBenchServer()
  try {
    const made = await server.ask(admin, createKey, { n: 'way' })
    const key = /ukey_\w+/.exec(made)?.[0]
    if (key === undefined) throw new Error(`no key was made: ${made}`)
    const ask = (document: string) => () => server.ask(admin, document, { k: key })
    console.log(`encrypt: ${await wayOf(ask(encrypt))}`)
    console.log(`rotateUserKey: ${await wayOf(ask(rotate))}`)
    console.log(`a page of userKeys: ${await wayOf(() => server.ask(admin, page, {}))}`)
  } finally {
    await server.close()
  }
}

/** Files of `src` that a request calls, with the names of the called functions. */
type Way = readonly { readonly file: string; readonly names: readonly string[] }[]

/** Describes the way of a warm request. */
async function wayOf(ask: () => Promise<string>): Promise<string> {
  for (let sent = 0; sent < warmRequests; sent++) await ask()
  const ways: Way[] = []
  while (ways.length < measuredRequests) ways.push(await measureWay(ask))
  const [way = []] = ways.sort((one, other) => functionsOf(one) - functionsOf(other))
  const figures = `${way.length} files, ${functionsOf(way)} functions`
  if (!listsFiles) return figures
  return [figures, ...way.map(({ file, names }) => `  src/${file}: ${names.join(', ')}`).sort()].join('\n')
}

function functionsOf(way: Way): number {
  return way.reduce((sum, { names }) => sum + names.length, 0)
}

async function measureWay(ask: () => Promise<string>): Promise<Way> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await session.post('Profiler.takePreciseCoverage')
  const answer = await ask()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  if (answer.includes('"errors"')) throw new Error(answer)
  const source = `${pathToFileURL(join(root, 'src')).href}/`
  return result
    .filter(({ url }) => url.startsWith(source) && !url.includes('/generated/'))
    .map(({ url, functions }) => ({
      file: url.slice(source.length),
      names: functions
        .filter(({ ranges: [whole] }) => (whole?.count ?? 0) > 0)
        .map(({ functionName }) => functionName || '(anonymous)'),
    }))
    .filter(({ names }) => names.length > 0)
}
