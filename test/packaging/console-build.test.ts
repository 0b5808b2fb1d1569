import { spawnSync } from 'node:child_process'
import {
  cpSync,
  globSync,
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
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readDocuments, shortIdOf } from '../../console/build/documents.ts'
import { buildConsole, builtConsole } from '../support/build-console.ts'

const sources = join(import.meta.dirname, '../../console/src')
const read = (path: string) => readFileSync(join(builtConsole, path))
/** All pages, charts and languages together. */
const compressedBytesMax = 250_000

describe('the built console', () => {
  let listed: Readonly<Record<string, Readonly<Record<string, string>>>>
  beforeAll(() => {
    buildConsole()
    listed = JSON.parse(read('files.json').toString())
  })

  it(`has at most ${compressedBytesMax / 1000} kB, compressed, with everything that can ever be loaded`, () => {
    const loaded = Object.keys(listed)
    expect(loaded.filter((path) => /^assets\/(?:en|ko)-.*\.js$/.test(path))).toHaveLength(2)
    const bytes = loaded.map((path) => read(listed[path]?.['br'] ? `${path}.br` : path).length)
    expect(bytes.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(compressedBytesMax)
  })

  it('has the names of its operations, and not their texts', () => {
    const scripts = Object.keys(listed).filter((path) => path.endsWith('.js'))
    const fields = /graphql\(`[^`]*(?:pageInfo|nodes|on \w+ \{)/
    expect(scripts.filter((path) => fields.test(read(path).toString()))).toEqual([])
  })

  it('has nothing inline, names its own files only, and makes no code from text', () => {
    const index = read('index.html').toString()
    expect(index).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i)
    const named = [...index.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, url = '']) => url)
    expect(named.length).toBeGreaterThan(2)
    // The settings are asked for at once.
    const others = named.filter((url) => !Object.hasOwn(listed, url.slice(1)))
    expect(others).toEqual(['data:,', '/console/settings.json'])
    const scripts = Object.keys(listed).filter((path) => path.endsWith('.js'))
    for (const path of scripts)
      expect(read(path).toString()).not.toMatch(/\beval\(|new Function\(|sourceMappingURL/)
  })

  it('is the same whatever NODE_ENV is: it has the React of production', () => {
    const scripts = Object.keys(listed).filter((path) => path.endsWith('.js'))
    expect(scripts.filter((path) => read(path).includes('Download the React DevTools'))).toEqual([])
  })

  it('lists all of its files, which have a hash in their names', () => {
    const forms = Object.entries(listed).flatMap(([path, hashes]) =>
      Object.keys(hashes).map((form) => (form === 'identity' ? path : `${path}.${form}`)),
    )
    const present = globSync('**/*.*', { cwd: builtConsole })
    expect(forms.toSorted()).toEqual(
      present.filter((path) => !['documents.json', 'files.json'].includes(path)).toSorted(),
    )
    const assets = Object.keys(listed).filter((path) => path !== 'index.html')
    expect(assets.filter((path) => !/^assets\/[\w-]+-[\w-]{8}\.\w+$/.test(path))).toEqual([])
  })

  it('has each operation of its sources in the manifest, and asks for it by its ID', () => {
    const manifest = JSON.parse(read('documents.json').toString()) as Record<string, string>
    const nameIn = (text: string) => /^\s*(?:query|mutation|subscription) (\w+)/.exec(text)?.[1]
    const written = globSync('**/*.{ts,tsx}', { cwd: sources })
      .flatMap((file) => readFileSync(join(sources, file), 'utf8').split('`'))
      .map(nameIn)
      .filter((name) => name !== undefined)
    expect(written.length).toBeGreaterThan(15)
    expect(Object.values(manifest).map(nameIn).toSorted()).toEqual(written.toSorted())
    const script = Object.keys(listed)
      .filter((path) => path.endsWith('.js'))
      .map((path) => read(path).toString())
      .join('\n')
    expect(Object.keys(manifest).filter((id) => !script.includes(shortIdOf(id)))).toEqual([])
    expect(readDocuments(sources).manifest).toEqual(manifest)
  })
})

describe('building the console of a fresh checkout', () => {
  const root = join(import.meta.dirname, '../..')
  function checkout(...parts: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-checkout-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const path of ['scripts/build-console.ts', 'package.json', 'package-lock.json', ...parts]) {
      cpSync(join(root, path), join(folder, path), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const build = (...options: string[]) => {
      const args = [join(folder, 'scripts/build-console.ts'), ...options]
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      return { status, stdout, stderr }
    }
    return { folder, build }
  }
  const committed = ['package.json', 'index.html', 'vite.config.ts', 'build', 'src'].map(
    (path) => `console/${path}`,
  )

  it('gives the same files, and is done once', () => {
    buildConsole()
    const { folder, build } = checkout(...committed)
    // For the packages that only the console has.
    symlinkSync(join(root, 'console/node_modules'), join(folder, 'console/node_modules'))
    expect(build()).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('Building the console'),
    })
    expect(readFileSync(join(folder, 'console/dist/files.json'), 'utf8')).toBe(read('files.json').toString())
    expect(build()).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('says why it fails, leaves nothing half done, and is no reason not to start a server', () => {
    const { folder, build } = checkout('console/package.json')
    const failed = build()
    expect(failed).toMatchObject({ status: 1, stdout: '' })
    expect(failed.stderr).toContain('The console could not be built: ')
    expect(build('--if-possible')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('could not be built'),
    })
    expect(readdirSync(join(folder, 'console'))).toEqual(['package.json'])
  })
})

describe('documents in the sources of the console', () => {
  function readFrom(code: string) {
    const folder = mkdtempSync(join(tmpdir(), 'keystead-sources-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'page'))
    writeFileSync(join(folder, 'page/one.tsx'), code)
    return readDocuments(folder)
  }
  const call = (text: string) => `graphql(\`${text}\`)`

  it('have the fragments that they use, and __typename where urql adds it', () => {
    const code = [
      call('fragment A on Viewer { ...B }'),
      call('fragment B on Viewer { roles }'),
      call('fragment C on Viewer { groups }'),
      `graphql(\n  ${'`query Me { viewer { ...A } }`'}, [a])`,
    ].join('\n')
    const [[id, text] = []] = Object.entries(readFrom(code).manifest)
    expect(readFrom(code).ids).toEqual({ Me: id })
    expect(text?.replace(/\s+/g, ' ')).toBe(
      'query Me { viewer { ...A __typename } } fragment A on Viewer { ...B __typename } fragment B on Viewer { roles __typename }',
    )
  })

  it.each([
    ['without a name', call('{ viewer { roles } }'), 'needs a name'],
    ['of one name', `${call('query A { a }')} ${call('query A { b }')}`, 'named A'],
    ['with a fragment that there is not', call('query A { ...B }'), 'no fragment B'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
    ['with code in them', call('query A { ${fields} }'), 'page/one.tsx'],
    ['that come from elsewhere', 'graphql(text)', 'plain template literal'],
  ])('are refused %s', (_what, code, message) => {
    expect(() => readFrom(code)).toThrow(message)
  })
})
