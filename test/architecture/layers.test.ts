import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { layers, leaves, mayImport, settingsFiles, wiring } from '../../scripts/layers.ts'

const root = join(import.meta.dirname, '../..')
const folders = [...new Set(layers.map(({ folder }) => folderOf(folder)))]
/** What is neither a layer nor wiring: leaves, and what the outer layers are configured and log with. */
const single: readonly string[] = [...leaves, ...settingsFiles]

/** One import statement of a file below src; `from` and ours in `to` are paths below src. */
interface Import {
  readonly from: string
  readonly to: string
  readonly isOurs: boolean
}

const importing =
  /^(?:import|export)\s(?:[\w$\s{},*]+\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

const files = globSync('src/**/*.{ts,js}', { cwd: root }).filter((file) => !file.includes('/generated/'))
const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(importing)].map((found): Import => {
    const specifier = found[1] ?? found[2] ?? ''
    const isOurs = specifier.startsWith('.')
    const to = isOurs ? relative(join(root, 'src'), resolve(root, dirname(file), specifier)) : specifier
    return { from: relative('src', file), to, isOurs }
  })
})

function folderOf(path: string): string {
  return path.split('/')[0] ?? path
}

describe('the layers below src', () => {
  it('are all in the table', () => {
    expect([...new Set(files.map((file) => folderOf(relative('src', file))))].sort()).toEqual(
      [...folders, ...wiring, ...single].sort(),
    )
  })

  it('import only what the table allows', () => {
    const ours = imports.filter(({ from, isOurs }) => isOurs && folders.includes(folderOf(from)))
    expect(ours.length).toBeGreaterThan(200)
    expect(ours.filter(({ from, to }) => !mayImport(from, to))).toEqual([])
  })

  it('leave the single files with nothing of ours but each other', () => {
    const ours = imports.filter(({ from, isOurs }) => isOurs && single.includes(from))
    expect(ours.filter(({ to }) => !single.includes(to) && folderOf(to) !== 'crypto')).toEqual([])
    expect(ours.filter(({ from }) => (leaves as readonly string[]).includes(from))).toEqual([])
  })

  it('do cryptography with Node and jose only', () => {
    const foreign = imports.filter(({ from, isOurs }) => !isOurs && folderOf(from) === 'crypto')
    expect(foreign.filter(({ to }) => !isBuiltin(to) && to !== 'jose')).toEqual([])
  })

  it('keep GraphQL, HTTP and tokens out of the domain and what is below it', () => {
    const inner = imports.filter(({ from }) => !['schema', 'auth', 'server', 'user'].includes(folderOf(from)))
    const outer = /^(graphql|@pothos|@graphql-yoga|@whatwg-node|dataloader|node:https?$)/
    expect(inner.filter(({ from, to }) => folders.includes(folderOf(from)) && outer.test(to))).toEqual([])
  })
})

describe('private keys', () => {
  it('are read in one place, which is immune to errors that OpenSSL keeps from earlier calls', () => {
    const reading = /\b(createPrivateKey|importPKCS8|importKey)\b/
    const places = files.filter((file) => reading.test(readFileSync(join(root, file), 'utf8')))
    expect(places).toEqual(['src/crypto/read-private-key.ts'])
  })
})

describe('metrics and traces', () => {
  it('are made in the server alone: all else says what happens, and not to whom', () => {
    const made = imports.filter(({ to, isOurs }) => !isOurs && /^(prom-client|@opentelemetry\/)/.test(to))
    expect(made.length).toBeGreaterThan(4)
    expect(made.filter(({ from }) => folderOf(from) !== 'server')).toEqual([])
  })
})

describe('the linter', () => {
  it('refuses what the table refuses, in every folder, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-layers-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const file of ['biome.json', 'biome.layers.json', '.gitignore'])
      cpSync(join(root, file), join(folder, file))
    const planted = plantImports(folder)
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const { stdout } = spawnSync(
      process.execPath,
      [biome, 'lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', 'src'],
      { cwd: folder, encoding: 'utf8' },
    )
    const refused = new Set([...stdout.matchAll(/planted-[0-9]+\.ts/g)].map(([name]) => name))
    const wanted = planted.filter(({ from, to }) => !mayImport(from, to))
    expect(wanted.length).toBeGreaterThan(50)
    expect(planted.filter(({ name }) => refused.has(name))).toEqual(wanted)
  })
})

/** Writes one file for each place to import from and each thing to import, and says what they are. */
function plantImports(folder: string): { name: string; from: string; to: string }[] {
  const places = [
    ...new Set(files.map((file) => relative('src', dirname(file))).filter((place) => place !== '')),
  ]
  const targets = [
    ...layers.map(({ folder }) => `${folder}/x.ts`),
    ...layers.flatMap(({ imports: allowed }) => allowed.filter((path) => path.endsWith('.ts'))),
    'app.ts',
    ...single,
  ]
  return places.flatMap((place, row) =>
    targets
      .filter((to) => folderOf(to) !== folderOf(place))
      .map((to, column) => {
        const name = `planted-${row * 100 + column}.ts`
        const from = `${place}/${name}`
        mkdirSync(join(folder, 'src', place), { recursive: true })
        writeFileSync(join(folder, 'src', from), `import '${relative(place, to)}'\n`)
        return { name, from, to }
      }),
  )
}
