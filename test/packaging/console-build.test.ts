import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readDocuments } from '../../console/build/documents.ts'
import { buildConsole, builtConsole } from '../support/build-console.ts'

const sources = join(import.meta.dirname, '../../console/src')
const read = (path: string) => readFileSync(join(builtConsole, path))
/** What a person waits for at the first visit. */
const compressedBytesMax = 250_000

describe('the built console', () => {
  let listed: Readonly<Record<string, Readonly<Record<string, string>>>>
  beforeAll(() => {
    buildConsole()
    listed = JSON.parse(read('files.json').toString())
  })

  it(`has at most ${compressedBytesMax / 1000} kB, compressed`, () => {
    const bytes = Object.keys(listed).map((path) => read(`${path}.br`).length)
    expect(bytes.length).toBeGreaterThan(2)
    expect(bytes.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(compressedBytesMax)
  })

  it('has nothing inline, names its own files only, and makes no code from text', () => {
    const index = read('index.html').toString()
    expect(index).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i)
    const named = [...index.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, url = '']) => url)
    expect(named.length).toBeGreaterThan(2)
    expect(named.filter((url) => url !== 'data:,' && !Object.hasOwn(listed, url.slice(1)))).toEqual([])
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
    expect(Object.keys(manifest).filter((id) => !script.includes(id))).toEqual([])
    expect(readDocuments(sources).manifest).toEqual(manifest)
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
