import { execFile } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Story, startStory } from '../support/story.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
let project: string
let story: Story

beforeAll(async () => {
  story = await startStory()
  project = mkdtempSync(join(tmpdir(), 'keystead-prisma-'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n')
  // What a registry would give: nothing is fetched.
  const ofPrisma = ['generator-helper', 'generator', 'dmmf', 'debug'].map(
    (name) => `node_modules/@prisma/${name}`,
  )
  const folders = ['packages/client', 'packages/prisma', ...ofPrisma].map((folder) => join(root, folder))
  await run('npm', ['pack', '--silent', '--pack-destination', project, ...folders], { cwd: root })
  const files = globSync('*.tgz', { cwd: project }).map((file) => `./${file}`)
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--legacy-peer-deps']
  await run('npm', [...install, ...files], { cwd: project })
  // Prisma itself, and a driver, as the project has them.
  const modules = join(project, 'node_modules')
  for (const name of ['@prisma/client', '@electric-sql', 'pglite-prisma-adapter'])
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
})
afterAll(async () => {
  rmSync(project, { recursive: true, force: true })
  await endStory(story)
})

describe('the package, installed into an empty project', () => {
  it('has what it needs and nothing else', () => {
    const folder = join(project, 'node_modules/@keystead/prisma')
    const files = globSync('**/*', { cwd: folder })
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/index.js']))
    expect(files.filter((file) => !/^(dist(\/.*)?|package\.json|README\.md|LICENSE)$/.test(file))).toEqual([])
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
  })

  it('makes what the README shows: generator, client, command', async () => {
    const readme = readFileSync(join(root, 'packages/prisma/README.md'), 'utf8')
    const [marked = ''] = [...readme.matchAll(/^```prisma\n(.*?)^```/gms)].map(([, block]) => block)
    const [setup = '', keys = '', queries = ''] = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(
      ([, block]) => block,
    )
    mkdirSync(join(project, 'prisma'))
    mkdirSync(join(project, 'src'))
    writeFileSync(
      join(project, 'prisma/schema.prisma'),
      `generator client {
         provider            = "prisma-client"
         output              = "../src/generated"
         importFileExtension = "ts"
       }
       datasource db {
         provider = "postgresql"
       }
       ${marked}`,
    )
    const bin = join(project, 'node_modules/.bin')
    const env = {
      ...process.env,
      PATH: `${bin}:${process.env['PATH']}`,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
      KEYSTEAD_URL: story.app.url,
      KEYSTEAD_TOKEN: await story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }),
    }
    const prisma = join(root, 'node_modules/prisma/build/index.js')
    await run(process.execPath, [prisma, 'generate', '--no-hints'], { cwd: project, env })
    const table =
      'CREATE TABLE "Customer" (id text PRIMARY KEY, "tenantId" text NOT NULL, email text UNIQUE, "emailIndex" text UNIQUE, notes jsonb)'
    writeFileSync(
      join(project, 'src/program.ts'),
      `import { PGlite } from '@electric-sql/pglite'
       import { PrismaPGlite } from 'pglite-prisma-adapter'
       const fetchToken = async () => process.env.KEYSTEAD_TOKEN ?? ''
       const pglite = new PGlite()
       await pglite.exec('${table}')
       const adapter = new PrismaPGlite(pglite)
       ${setup}${keys}${queries}
       const { rows } = await pglite.query<{ email: string }>('SELECT email FROM "Customer"')
       console.log(rows[0]?.email.slice(0, 5))`,
    )
    const { stdout } = await run(process.execPath, ['--no-warnings', 'src/program.ts'], { cwd: project, env })
    expect(stdout).toBe('Ann@example.org\nkse1.\n')
    const help = await run(process.execPath, [join(bin, 'keystead-prisma'), '--help'], { cwd: project })
    expect(help.stdout).toMatch(/^Usage: keystead-prisma encrypt\|rotate\|decrypt MODEL/)
  })
})
