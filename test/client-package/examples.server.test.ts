import { execFile, execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Story, startStory } from '../support/story.ts'

const root = join(import.meta.dirname, '../..')
const examples = join(root, 'packages/client/examples')

let story: Story
let folder: string
let env: Record<string, string | undefined>

/** Runs a program as a user does, and gives what it prints. */
async function run(program: string, ...options: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, ...options], {
    env,
  })
  return stdout
}

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'scripts/build-client.ts')], { stdio: 'inherit' })
  story = await startStory()
  folder = mkdtempSync(join(tmpdir(), 'keystead-examples-'))
  const token = await story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] })
  env = { ...process.env, KEYSTEAD_URL: story.app.url, KEYSTEAD_TOKEN: token }
  const ada = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
  for (const name of ['records', 'files']) await ada.mutate('createUserKey', { name })
  await ada.mutate('createUserKey', { name: 'signer', algorithm: 'EC_P256', usage: 'SIGN_VERIFY' })
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await endStory(story)
})

describe('the examples of the client', () => {
  it('are all run here', () => {
    expect(readdirSync(examples).toSorted()).toEqual([
      'encrypt-file.ts',
      'encrypt-records.ts',
      'issue-tokens.ts',
    ])
  })

  it('encrypt records, and refuse a row that was copied', async () => {
    const printed = await run(join(examples, 'encrypt-records.ts'))
    expect(printed).toBe("{ email: 'ann@example.org' }\neve: INVALID_ENVELOPE\n")
  })

  it('encrypt a file and decrypt it, and leave nothing where it was cut off', async () => {
    const [plain, sealed, opened] = ['plain', 'sealed', 'opened'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(plain, Buffer.alloc(3_000_000, 'tea '))
    const program = join(examples, 'encrypt-file.ts')
    expect(await run(program, 'encrypt', plain, sealed)).toBe(`encrypted ${sealed}\n`)
    await run(program, 'decrypt', sealed, opened)
    expect(Buffer.compare(readFileSync(opened), readFileSync(plain))).toBe(0)
    writeFileSync(sealed, readFileSync(sealed).subarray(0, 2_500_000))
    rmSync(opened)
    await expect(run(program, 'decrypt', sealed, opened)).rejects.toThrow('INVALID_ENVELOPE')
    expect(readdirSync(folder).toSorted()).toEqual(['plain', 'sealed'])
  })

  it('sign a token that its public key verifies', async () => {
    env['KEYSTEAD_KEY'] = 'signer'
    expect(await run(join(examples, 'issue-tokens.ts'))).toBe('true true\n')
    delete env['KEYSTEAD_KEY']
  })
})

it('the README of the client runs from top to bottom', async () => {
  const readme = readFileSync(join(root, 'packages/client/README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block]) => block)
  expect(blocks.length).toBeGreaterThan(7)
  const project = join(folder, 'readme')
  mkdirSync(join(project, 'node_modules/@keystead'), { recursive: true })
  symlinkSync(join(root, 'packages/client'), join(project, 'node_modules/@keystead/client'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n')
  const fetchToken = 'const fetchToken = async () => process.env.KEYSTEAD_TOKEN\n'
  writeFileSync(join(project, 'readme.ts'), [fetchToken, ...blocks].join('\n'))
  const printed = await run(join(project, 'readme.ts'))
  expect(printed.split('\n')).toEqual([
    'ten pounds of tea',
    "[ 'orders ACTIVE' ]",
    'orders []',
    'changed meanwhile: revision 1',
    '3',
    'true',
    '3',
    'true',
    '-7',
    'ECDSA',
    '{"userKey":{"versions":{"nodes":[{"number":1}]}}}',
    '',
  ])
})
