import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  globSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { helpOf } from '../../src/command-line/help.ts'
import { installPackage, machinePath } from './install-package.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const installed = await installPackage()
afterAll(() => installed?.remove())

/** Options with which Node is too old for the program, as far as what starts it can tell. */
const asOldNode = [
  '--import',
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})',
]
/** Where tests run as root, a user who owns nothing; otherwise whoever runs them. */
const stranger = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : null

describe.skipIf(installed === null)('the package, installed in an empty folder', () => {
  const { folder, command, launcher, node } = installed ?? { folder: '', command: '', launcher: '', node: '' }
  const files = (installed === null ? [] : globSync('**/*', { cwd: folder })).filter((file) =>
    statSync(join(folder, file)).isFile(),
  )

  it('has the program compiled, and what it reads, but neither source nor tests', () => {
    const expected = [
      'dist/src/main.js',
      'dist/src/server/http/graphiql-page.js',
      'dist/console/dist/index.html',
      'dist/console/dist/documents.json',
      'schema.graphql',
      '.env.example',
    ]
    expect([...files, ...globSync('.*', { cwd: folder })]).toEqual(expect.arrayContaining(expected))
    const parts = files.map((file) =>
      file
        .split('/')
        .slice(0, file.startsWith('dist/') ? 2 : 1)
        .join('/'),
    )
    expect([...new Set(parts)].toSorted()).toEqual([
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'bin'],
      ...['dist/console', 'dist/examples', 'dist/package.json', 'dist/packages', 'dist/prisma', 'dist/src'],
      ...['docs', 'package.json', 'packaging', 'schema.graphql'],
    ])
    expect(files.filter((file) => /\.(ts|map|pem|key|env)$|\btest\b/.test(file))).toEqual([])
  })

  it('names no path of the machine that made it, no source maps and no private key', () => {
    const revealing = new RegExp(`${RegExp.escape(root)}\\b|sourceMappingURL|BEGIN [A-Z ]*PRIVATE KEY`)
    const found = files.filter((file) => revealing.test(readFileSync(join(folder, file), 'utf8')))
    expect(found).toEqual([])
  })

  it('needs neither a compiler nor what makes the database client', () => {
    for (const name of ['typescript', 'prisma', 'vitest', '@prisma/engines', 'vite', 'react', 'urql']) {
      expect(globSync(`${folder}/../${name}`), name).toEqual([])
    }
  })

  it('serves a user who can write to nothing but the data folder, and stops when it is told to', async () => {
    const server = await startServer(node, launcher)
    const page = await fetch(server.url, { headers: { accept: 'text/html' } })
    expect(await page.text()).toContain('<title>Keystead console</title>')
    const token = await readToken(server.url, 'agent')
    const { ciphertext } = await ask(server.url, token, encrypting, { plaintext: 'aGVsbG8=' })
    expect(ciphertext).toMatch(/^[\w+/=-]{40,}$/)
    expect(await ask(server.url, token, decrypting, { ciphertext })).toEqual({ plaintext: 'aGVsbG8=' })
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    expect(server.output.filter((line) => /warning|error/i.test(line))).toEqual([])
    expect(server.output.join('\n')).toContain('Keystead is stopping …')
  })

  it('stops in order also where a Node that is too old has started it on the one that it brings', async () => {
    const server = await startServer(node, ...asOldNode, launcher)
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    expect(server.output.join('\n')).toContain('Keystead is stopping …')
  })

  it('shows the help of each command, with no word besides', async () => {
    expect(commands.length).toBeGreaterThan(10)
    for (const each of commands) {
      const { stdout, stderr } = await run(command, [...each.path, '--help'], { env: { PATH: machinePath } })
      expect({ stdout, stderr }).toEqual({ stdout: `${helpOf(each)}\n`, stderr: '' })
    }
  })

  it('encrypts and decrypts a file with "keystead demo", on a server of its own', async () => {
    const file = join(newFolder(), 'letter.txt')
    writeFileSync(file, 'Dear Ada')
    const { stdout, stderr } = await run(command, ['demo', file], { env: { PATH: machinePath } })
    expect(stdout).toContain('Both are the same.')
    expect(stderr).toBe('')
  })

  it('tells an older Node what to do where npm was not allowed to bring one', async () => {
    renameSync(node, `${node}.away`)
    onTestFinished(() => renameSync(`${node}.away`, node))
    const asked = run(process.execPath, [...asOldNode, launcher, '--version'])
    const failure = (await asked.catch((error: unknown) => error)) as { stderr: string }
    expect(failure).toMatchObject({ code: 1, stdout: '' })
    expect(failure.stderr).toContain('Keystead needs Node 24.11 or newer')
    expect(failure.stderr).toContain('npm install-scripts approve node')
    const { stdout } = await run(process.execPath, [launcher, '--version'])
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

const encrypting = `mutation ($plaintext: Base64!) { answer: encryptWithServiceKey(input: {plaintext: $plaintext}) {
  ... on EncryptWithServiceKeyPayload { ciphertext } } }`
const decrypting = `mutation ($ciphertext: Base64!) { answer: decryptWithServiceKey(input: {ciphertext: $ciphertext}) {
  ... on DecryptWithServiceKeyPayload { plaintext } } }`

async function readToken(url: string, persona: string): Promise<string> {
  const answer = (await (await fetch(`${url}/dev/tokens/${persona}`)).json()) as { token: string }
  return answer.token
}

async function ask(url: string, token: string, query: string, variables: Record<string, string | undefined>) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data } = (await response.json()) as { data?: { answer?: Record<string, string> } }
  return data?.answer ?? {}
}

/** Starts `keystead serve` on a Node with what goes before that; gives what it says, and ends it by SIGTERM. */
async function startServer(node: string, ...args: string[]) {
  const dataFolder = newFolder()
  if (stranger !== null) chownSync(dataFolder, stranger.uid, stranger.gid)
  const child = spawn(node, [...args, 'serve'], {
    env: { PATH: machinePath, PORT: '0', DATA_FOLDER: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: dataFolder,
    ...stranger,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output: string[] = []
  return { output, url: await readUrl(child, output), stop: () => stop(child) }
}

async function readUrl(child: ChildProcess, output: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line)
      const [, url] = /GraphiQL +(http:\/\/[^/\s]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  }
  child.once('close', () => reject(new Error(`the server ended: ${output.join('\n')}`)))
  return promise
}

async function stop(child: ChildProcess) {
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  await closed
  return { code: child.exitCode, signal: child.signalCode }
}

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'keystead-packaged-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
