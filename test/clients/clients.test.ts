import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cannotRun } from '../support/skip.ts'
import { endStory, type Story, startStory } from '../support/story.ts'

/** A client program: what its folder needs on the machine, how it is built, and the programs that it has. */
interface ClientProgram {
  readonly name: string
  readonly folder: string
  /** A command that succeeds where the language is there. */
  readonly needs: string
  /** Downloads its dependencies. Where that fails, the registry of the language cannot be reached. */
  readonly fetch: string
  /** Commands that generate its types and compile it. */
  readonly build: readonly string[]
  /** Each runs against the server, and says `done` at its end. */
  readonly programs: Readonly<Record<string, string>>
}

const clients: readonly ClientProgram[] = [
  {
    name: 'JavaScript',
    folder: 'javascript',
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
    name: 'Go',
    folder: 'go',
    needs: 'go version',
    fetch: 'go mod download',
    build: ['mkdir -p generated', 'go tool genqlient', 'go vet .', 'go build -o build/client .'],
    programs: { genqlient: 'build/client' },
  },
  {
    name: 'Python',
    folder: 'python',
    needs: 'python3 -c "import venv, sys; assert sys.version_info >= (3, 10)"',
    fetch:
      'python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt',
    build: ['PYTHONPATH=. .venv/bin/ariadne-codegen'],
    programs: { 'ariadne-codegen': '.venv/bin/python main.py' },
  },
  {
    name: 'Java',
    folder: 'java',
    needs: 'mvn --version',
    fetch: 'mvn --batch-mode --quiet dependency:resolve dependency:resolve-plugins',
    build: ['mvn --batch-mode --quiet process-classes'],
    programs: { DGS: 'java -cp "target/classes:target/libraries/*" example.Client' },
  },
  {
    name: 'Rust',
    folder: 'rust',
    needs: 'cargo --version',
    fetch: 'cargo fetch --quiet --locked',
    build: ['cargo build --quiet --locked'],
    programs: { graphql_client: 'target/debug/keystead-client' },
  },
]

let story: Story
let environment: Record<string, string>
const running = new Set<ChildProcess>()

beforeAll(async () => {
  story = await startStory()
  environment = {
    KEYSTEAD_URL: story.app.url,
    OWNER_TOKEN: await story.tokenFor({ name: 'olga', roles: ['PROJECT_MEMBER'] }),
    READER_TOKEN: await story.tokenFor({ name: 'max', roles: ['PROJECT_MEMBER'] }),
    STRANGER_TOKEN: await story.tokenFor({ name: 'nora' }),
  }
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await endStory(story)
})

/** Runs a command in the folder of a client, and gives what it printed. */
async function run(command: string, folder: string): Promise<string> {
  const child = spawn(command, {
    shell: true,
    cwd: join(import.meta.dirname, folder),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)))
  const [code] = await once(child, 'close')
  running.delete(child)
  expect(code, `${command}\n${output}`).toBe(0)
  return output
}

const fetchLimitMs = 120_000

/** Tells why a client cannot run here; null if it can. */
function reasonNot({ folder, needs, fetch }: ClientProgram): string | null {
  const fails = (command: string) => {
    const cwd = join(import.meta.dirname, folder)
    return spawnSync(command, { shell: true, cwd, stdio: 'ignore', timeout: fetchLimitMs }).status !== 0
  }
  if (fails(needs)) return `"${needs}" fails: the language is not on this machine`
  return fails(fetch) ? `"${fetch}" fails: what it needs cannot be downloaded` : null
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
