import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../packages/client/src/index.ts'
import { createPostgresDatabase, startPostgres } from '../support/postgres-server.ts'
import { cannotRun } from '../support/skip.ts'
import { endStory, type Story, startStory } from '../support/story.ts'

/** A client: what its folder needs on the machine, how it is built, and the programs that it has. */
interface ClientProgram {
  readonly name: string
  /** From the root of the checkout. */
  readonly folder: string
  /** A command that succeeds where the language is there. */
  readonly needs: string
  /** Downloads its dependencies. Where that fails, the registry of the language cannot be reached. */
  readonly fetch?: string
  /** Commands that generate its types and compile it. */
  readonly build: readonly string[]
}

/** A client whose programs check their results themselves, and say `done` at their end. */
interface CheckedClient extends ClientProgram {
  readonly programs: Readonly<Record<string, string>>
}

/** A program of `examples`, which people copy. */
interface Example extends ClientProgram {
  readonly command: string
  /** The beginning of the names of its keys. */
  readonly prefix: string
  /** False if the language has no authenticated encryption. */
  readonly opensEnvelopes: boolean
}

const clients: readonly CheckedClient[] = [
  {
    name: 'JavaScript',
    folder: 'test/clients/javascript',
    needs: 'npm --version',
    fetch: 'npm ci --prefer-offline --ignore-scripts --no-audit --no-fund',
    build: ['npm run -s generate', 'npm run -s build'],
    programs: {
      'Apollo Client': 'node build/src/apollo.js',
      urql: 'node build/src/urql.js',
      Relay: 'node build/src/relay.js',
    },
  },
  {
    name: 'Rust',
    folder: 'test/clients/rust',
    needs: 'cargo --version',
    fetch: 'cargo fetch --quiet --locked',
    build: ['cargo build --quiet --locked'],
    programs: { graphql_client: 'target/debug/keystead-client' },
  },
  {
    name: 'COSE',
    folder: 'test/clients/cose',
    needs: 'npm --version && python3 -c "import venv"',
    fetch:
      'npm ci --prefer-offline --ignore-scripts --no-audit --no-fund && python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt',
    build: ['node ../../../scripts/build-client.ts', '../../../node_modules/.bin/tsc -p .'],
    programs: { '@transmute/cose and @owf/mdoc': 'node --no-warnings src/main.ts' },
  },
]

const examples: readonly Example[] = [
  {
    name: 'TypeScript',
    folder: 'examples/typescript',
    needs: 'node --version',
    build: ['node ../../scripts/build-client.ts'],
    command: 'node --no-warnings main.ts',
    prefix: 'typescript',
    opensEnvelopes: true,
  },
  {
    name: 'curl',
    folder: 'examples/curl',
    needs: 'bash --version && curl --version && jq --version',
    build: [],
    command: './main.sh',
    prefix: 'curl',
    opensEnvelopes: false,
  },
  {
    name: 'Go',
    folder: 'examples/go',
    needs: 'go version',
    fetch: 'go mod download',
    build: ['mkdir -p generated', 'go tool genqlient', 'go vet .', 'go build -o build/client .'],
    command: 'build/client',
    prefix: 'go',
    opensEnvelopes: true,
  },
  {
    name: 'Python',
    folder: 'examples/python',
    needs: 'python3 -c "import venv, sys; assert sys.version_info >= (3, 10)"',
    fetch:
      'python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt',
    build: ['PYTHONPATH=. .venv/bin/ariadne-codegen'],
    command: '.venv/bin/python main.py',
    prefix: 'python',
    opensEnvelopes: true,
  },
  {
    name: 'Java',
    folder: 'examples/java',
    needs: 'mvn --version',
    fetch: 'mvn --batch-mode --quiet dependency:resolve dependency:resolve-plugins',
    build: ['mvn --batch-mode --quiet process-classes'],
    command: 'java -cp "target/classes:target/libraries/*" example.Main',
    prefix: 'java',
    opensEnvelopes: true,
  },
]

const root = join(import.meta.dirname, '../..')
let story: Story
let environment: Record<string, string>
let envelopes: { readonly folder: string; readonly content: Buffer }
const running = new Set<ChildProcess>()

beforeAll(async () => {
  story = await startStory()
  environment = {
    KEYSTEAD_URL: story.app.url,
    KEYSTEAD_TOKEN: await story.tokenFor({ name: 'olga', roles: ['PROJECT_MEMBER'] }),
    OWNER_TOKEN: await story.tokenFor({ name: 'olga', roles: ['PROJECT_MEMBER'] }),
    READER_TOKEN: await story.tokenFor({ name: 'max', roles: ['PROJECT_MEMBER'] }),
    STRANGER_TOKEN: await story.tokenFor({ name: 'nora' }),
  }
  envelopes = await writeEnvelopes()
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(envelopes.folder, { recursive: true, force: true })
  await endStory(story)
})

/** Envelopes of three pieces, as the client makes them: a whole one, one cut off between pieces, and one changed. */
async function writeEnvelopes() {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-envelopes-'))
  const content = Buffer.alloc(2_500_000, 'ten pounds of tea ')
  const client = createClient({
    url: environment['KEYSTEAD_URL'] ?? '',
    token: environment['KEYSTEAD_TOKEN'] ?? '',
  })
  await client.createUserKey({ name: 'envelopes' })
  const envelope = await client.envelope.encrypt(content, {
    key: 'envelopes',
    context: { purpose: 'examples' },
    additionalAuthenticatedData: Buffer.from('records/7'),
  })
  const changed = Buffer.from(envelope)
  changed.writeUInt8(changed.readUInt8(1_500_000) ^ 1, 1_500_000)
  const lastPieceBytes = (content.length % 2 ** 20) + 16
  writeFileSync(join(folder, 'whole'), envelope)
  writeFileSync(join(folder, 'cut'), envelope.subarray(0, -lastPieceBytes))
  writeFileSync(join(folder, 'changed'), changed)
  return { folder, content }
}

/** Runs a command in the folder of a client. */
async function start(command: string, folder: string): Promise<{ code: unknown; output: string }> {
  const child = spawn(command, {
    shell: true,
    cwd: join(root, folder),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)))
  const [code] = await once(child, 'close')
  running.delete(child)
  return { code, output }
}

/** Runs a command that must succeed, and gives what it printed. */
async function run(command: string, folder: string): Promise<string> {
  const { code, output } = await start(command, folder)
  expect(code, `${command}\n${output}`).toBe(0)
  return output
}

const fetchLimitMs = 120_000

/** Tells why a client cannot run here; null if it can. */
function reasonNot({ folder, needs, fetch }: ClientProgram): string | null {
  const fails = (command: string) => {
    const cwd = join(root, folder)
    return spawnSync(command, { shell: true, cwd, stdio: 'ignore', timeout: fetchLimitMs }).status !== 0
  }
  if (fails(needs)) return `"${needs}" fails: the language is not on this machine`
  return fetch !== undefined && fails(fetch) ? `"${fetch}" fails: what it needs cannot be downloaded` : null
}

function isMissing(client: ClientProgram): boolean {
  const reason = reasonNot(client)
  return reason !== null && cannotRun(`the clients in ${client.name}`, reason)
}

for (const client of clients) {
  describe.skipIf(isMissing(client))(client.name, () => {
    it('is generated from the schema and compiles', async () => {
      for (const command of client.build) await run(command, client.folder)
    })

    it.each(Object.entries(client.programs))('%s works with a server', async (_name, command) => {
      expect(await run(command, client.folder)).toContain('done')
    })
  })
}

it('all folders of examples are run by a test', () => {
  const folders = readdirSync(join(root, 'examples'), { withFileTypes: true })
  const names = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const elsewhere = ['demo', 'prisma', 'service']
  const run = examples.map(({ folder }) => folder.replace('examples/', ''))
  expect(names.toSorted()).toEqual([...run, ...elsewhere].toSorted())
})

for (const example of examples) {
  const { name, folder, build, command, prefix, opensEnvelopes } = example
  describe.skipIf(isMissing(example))(`the example in ${name}`, () => {
    it('is built, encrypts, signs and lists keys', async () => {
      for (const step of build) await run(step, folder)
      const lines = ['decrypted: ten pounds of tea', 'another context: INVALID_CIPHERTEXT']
      const listed = `keys: ${prefix}-signer ${prefix}-orders`
      const expected = [...lines, 'valid: true', 'valid: false', ...(opensEnvelopes ? [listed] : [])].join(
        '\n',
      )
      expect((await run(command, folder)).toLowerCase()).toBe(`${expected}\n`.toLowerCase())
    })

    it.skipIf(!opensEnvelopes)(
      'finds its keys again, and opens envelopes of the client, and no others',
      async () => {
        const open = (file: string) => start(`${command} ${join(envelopes.folder, file)}`, folder)
        const sha256 = createHash('sha256').update(envelopes.content).digest('hex')
        const whole = await open('whole')
        expect(whole.output).toContain(`envelope: ${sha256}\n`)
        expect(whole.code).toBe(0)
        for (const file of ['cut', 'changed']) {
          const { code, output } = await open(file)
          expect({ file, code }).toEqual({ file, code: 1 })
          expect(output).not.toContain('envelope:')
          expect(output).toMatch(/envelope (was changed|is not as it was written)/)
        }
      },
    )

    it('says what is wrong with a token', async () => {
      const { code, output } = await start(`KEYSTEAD_TOKEN=nonsense ${command}`, folder)
      expect(code).not.toBe(0)
      expect(output).toContain('UNAUTHENTICATED')
      expect(output).not.toMatch(/\bat .*:\d+|Traceback|panic/)
    })
  })
}

describe('the example with Prisma', () => {
  const folder = 'examples/prisma'
  const printed = [
    'read: Ann Peeters, Bob Claes',
    'found by its address: Ann Peeters {"likes":"green tea"}',
    'found by another one: null',
    'stored: kse1.',
    'name of another row: UnreadableValueError',
    'search within names: UnsupportedQueryError',
    '',
  ].join('\n')
  const data = mkdtempSync(join(tmpdir(), 'keystead-prisma-example-'))
  afterAll(() => rmSync(data, { recursive: true, force: true }))

  it('is generated from its schema and compiles', async () => {
    await run('node scripts/build-client.ts', '.')
    await run('node_modules/.bin/prisma generate --no-hints --schema examples/prisma/schema.prisma', '.')
    await run('../../node_modules/.bin/tsc -p .', folder)
  })

  it('opens what it wrote and finds it by blind index, and its files hold no plaintext', async () => {
    const command = `DATABASE_FOLDER=${join(data, 'pglite')} node --no-warnings main.ts`
    // The second time it finds the rows of the first one, with other data keys.
    for (const _time of [1, 2]) expect(await run(command, folder)).toBe(printed)
    const database = new PGlite(join(data, 'pglite'))
    const { rows } = await database.query('SELECT * FROM customers')
    await database.close()
    expectNoPlaintext(rows)
    for (const file of readdirSync(join(data, 'pglite'), { withFileTypes: true, recursive: true })) {
      if (!file.isFile()) continue
      const content = readFileSync(join(file.parentPath, file.name)).toString('latin1')
      for (const plaintext of plaintexts) expect(content.includes(plaintext), file.name).toBe(false)
    }
  })

  it('does the same with PostgreSQL', async ({ skip }) => {
    const server = await startPostgres(join(data, 'postgres'))
    if ('reason' in server) {
      cannotRun('the example with Prisma on PostgreSQL', server.reason)
      return skip()
    }
    try {
      const { url, drop } = await createPostgresDatabase({ url: server.url, template: 'template1' })
      for (const _time of [1, 2])
        expect(await run(`DATABASE_URL='${url}' node --no-warnings main.ts`, folder)).toBe(printed)
      const database = new pg.Client(url)
      await database.connect()
      expectNoPlaintext((await database.query('SELECT * FROM customers')).rows)
      await database.end()
      await drop()
    } finally {
      await server.stop()
    }
  })

  it('says what is wrong with a token, and writes nothing', async () => {
    const none = join(data, 'none')
    const command = `KEYSTEAD_TOKEN=nonsense DATABASE_FOLDER=${none} node --no-warnings main.ts`
    const { code, output } = await start(command, folder)
    expect(code).toBe(1)
    expect(output).toMatch(/^UNAUTHENTICATED: /)
    expect(output).not.toMatch(/\bat .*:\d+/)
  })

  const plaintexts = ['Peeters', 'Claes', 'ann@example', 'Ann@example', 'Bob@example', 'green tea']

  function expectNoPlaintext(rows: readonly unknown[]): void {
    expect(rows.length).toBe(2)
    for (const row of rows as Readonly<Record<string, unknown>>[]) {
      expect(Object.keys(row).toSorted()).toEqual(['email', 'emailIndex', 'id', 'name', 'notes', 'tenantId'])
      for (const name of ['email', 'name', 'notes']) expect(row[name]).toMatch(/^kse1\.[\w-]{100,}$/)
      expect(row['emailIndex']).toMatch(/^1\.[\w-]{43}$/)
    }
    const text = JSON.stringify(rows)
    for (const plaintext of plaintexts) expect(text).not.toContain(plaintext)
  }
})
