import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Story, startStory } from '../support/story.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const workspace = join(root, 'packages/client')
/** That of npm, which is the machine's own; npm scripts run on the one that the project brings. */
const ownNode = process.env['npm_node_execpath'] ?? process.execPath

let project: string
let story: Story

beforeAll(async () => {
  story = await startStory()
  project = mkdtempSync(join(tmpdir(), 'keystead-project-'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n')
  await run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: workspace })
  const [tarball = 'none'] = globSync('*.tgz', { cwd: project })
  // From the file alone: it has no dependency that would have to be fetched.
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: project })
})
afterAll(async () => {
  rmSync(project, { recursive: true, force: true })
  await endStory(story)
})

describe('the package, installed into an empty project', () => {
  it('brings itself and nothing else', () => {
    expect(globSync(['node_modules/*', 'node_modules/@*/*'], { cwd: project }).toSorted()).toEqual([
      'node_modules/@keystead',
      'node_modules/@keystead/client',
    ])
    const files = globSync('**/*', { cwd: join(project, 'node_modules/@keystead/client') })
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/index.js']))
    expect(files.filter((file) => !/^(dist(\/.*)?|package\.json|README\.md|LICENSE)$/.test(file))).toEqual([])
  })

  it('has the license of the project', () => {
    const read = (folder: string) => readFileSync(join(folder, 'LICENSE'), 'utf8')
    expect(read(join(project, 'node_modules/@keystead/client'))).toBe(read(root))
  })

  it('runs', async () => {
    const program = `
      import { createClient, KeyNotFoundError } from '@keystead/client'
      const client = createClient({ url: process.env.KEYSTEAD_URL, token: process.env.KEYSTEAD_TOKEN })
      await client.createUserKey({ name: 'installed' })
      const plaintext = new TextEncoder().encode('tea')
      const { ciphertext } = await client.encrypt({ key: 'installed', plaintext })
      const opened = await client.decrypt({ ciphertext })
      const error = await client.encrypt({ key: 'missing', plaintext }).catch((reason) => reason)
      const sealed = await client.envelope.encrypt(plaintext, { key: 'installed' })
      client.close()
      const unsealed = await client.envelope.decrypt(sealed)
      const texts = [opened.plaintext, unsealed].map((bytes) => new TextDecoder().decode(bytes))
      console.log(texts.join(' '), error instanceof KeyNotFoundError)
    `
    writeFileSync(join(project, 'program.js'), program)
    const token = await story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    const env = { ...process.env, KEYSTEAD_URL: story.app.url, KEYSTEAD_TOKEN: token }
    for (const node of new Set([ownNode, process.execPath])) {
      const code =
        node === process.execPath && node !== ownNode ? program.replaceAll('installed', 'again') : program
      writeFileSync(join(project, 'program.js'), code)
      expect((await run(node, ['program.js'], { cwd: project, env })).stdout).toBe('tea tea true\n')
    }
  })

  it('has types that stand alone', async () => {
    writeFileSync(
      join(project, 'program.ts'),
      `import { type AnyKeysteadError, createClient, type Operations, type UserKey } from '@keystead/client'
       const client = createClient({ url: new URL('https://keystead.example.org'), token: async () => 'x' })
       const key: UserKey | null = await client.userKey({ key: 'a' })
       const bytes: Uint8Array = (await client.encrypt({ key: 'a', plaintext: new Uint8Array(1) })).ciphertext
       const fields = (error: AnyKeysteadError) => error.code === 'CONFLICT' ? error.currentRevision : error.requestId
       // @ts-expect-error: text is no bytes
       await client.encrypt({ key: 'a', plaintext: 'text' })
       export { bytes, fields, key, type Operations }`,
    )
    const options = [
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noEmit',
      '--types',
      '',
      '--lib',
      'es2023,dom',
    ]
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const modules = ['--module', 'nodenext', '--target', 'es2022']
    const compiled = run(process.execPath, [compiler, ...options, ...modules, 'program.ts'], { cwd: project })
    await compiled.catch(({ stdout }) => expect(stdout).toBe(''))
  })
})
