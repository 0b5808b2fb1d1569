import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { schema } from '../../src/schema/index.ts'
import { documentRules } from '../../src/server/graphql/check-document.ts'
import { readTrustedDocuments, type TrustedDocuments } from '../../src/server/graphql/trusted-documents.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/trusted-documents.md'), 'utf8')
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keystead-documents-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Reads a file, as a server would that answers no introspection. */
function read(content: string): TrustedDocuments {
  const path = join(folder, 'documents.json')
  writeFileSync(path, content)
  const rules = documentRules({ INTROSPECTION: 'off', developmentMode: false, BATCH_ITEMS_MAX: 500 })
  return readTrustedDocuments(path, { schema, rules })
}

const fileOf = (...texts: string[]) =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [hashOf(text), text])))

describe('a file of trusted documents', () => {
  const viewer = 'query Viewer { viewer { projectId } }'

  it('gives documents by their SHA-256', () => {
    expect([...read(fileOf(viewer, '{ viewer { roles } }'))]).toEqual([
      [hashOf(viewer), viewer],
      [hashOf('{ viewer { roles } }'), '{ viewer { roles } }'],
    ])
  })

  it('may name them as client presets of graphql-codegen do, with the algorithm', () => {
    expect([...read(JSON.stringify({ [`sha256:${hashOf(viewer)}`]: viewer }))]).toEqual([
      [hashOf(viewer), viewer],
    ])
    expect(() => read(JSON.stringify({ [`md5:${hashOf(viewer)}`]: viewer }))).toThrow(
      'with or without "sha256:"',
    )
    expect(() => read(JSON.stringify({ [`sha256:${hashOf('a')}`]: viewer }))).toThrow(
      `SHA-256: ${hashOf(viewer)}`,
    )
  })

  it.each([
    ['that is no JSON', '{', 'cannot be read as JSON'],
    ['that is a list', '[]', 'must be an object of documents by their SHA-256'],
    ['with an ID that is not SHA-256', JSON.stringify({ viewer }), 'document Viewer (viewer) of'],
    [
      'with the hash of another text',
      JSON.stringify({ [hashOf('a')]: viewer }),
      `SHA-256: ${hashOf(viewer)}`,
    ],
    ['with what is no text', JSON.stringify({ [hashOf('7')]: 7 }), 'must be a string'],
    ['with what is no GraphQL', fileOf('query Viewer {'), 'cannot be read: Syntax Error'],
    [
      'with a field that there is not',
      fileOf('query Viewer { viewer { projectID } }'),
      `document Viewer (${hashOf('query Viewer { viewer { projectID } }')}) of`,
    ],
    ['beyond a limit', fileOf(`{ ${'a '.repeat(4001)} }`), 'more that 4000 tokens'],
    ['beyond the limit of length', fileOf(`${viewer} #${'x'.repeat(20_000)}`), 'more than 20000 characters'],
    [
      'beyond a limit of its meaning',
      fileOf(`mutation { ${Array.from({ length: 21 }, (_, n) => `a${n}: __typename`).join(' ')} }`),
      'at most 20 mutations',
    ],
    ['with introspection', fileOf('{ __schema { types { name } } }'), 'introspection has been disabled'],
  ])('%s is refused, and what is wrong is said', (_what, content, words) => {
    expect(() => read(content)).toThrow(words)
    expect(() => read(content)).toThrow(join(folder, 'documents.json'))
  })

  it('that is not there is refused', () => {
    expect(() => readTrustedDocuments(join(folder, 'none'), { schema, rules: [] })).toThrow('none')
  })

  it('is made of a folder by the program in the guide', () => {
    const [, program = ''] = /```js\n(import [\s\S]*?)```/.exec(guide) ?? []
    const script = join(folder, 'documents.mjs')
    writeFileSync(script, program)
    const queries = join(folder, 'queries')
    mkdirSync(queries)
    writeFileSync(join(queries, 'viewer.graphql'), `${viewer}\n`)
    writeFileSync(join(queries, 'notes.txt'), 'no document')
    const made = read(execFileSync(process.execPath, [script, queries], { encoding: 'utf8' }))
    expect([...made]).toEqual([[hashOf(viewer), viewer]])
  })

  it('that the guide shows is right', () => {
    const [, shown = ''] = /```json\n(\{\n[\s\S]*?)```/.exec(guide) ?? []
    const documents = read(shown)
    expect(documents.size).toBe(1)
    for (const id of documents.keys()) expect(guide).toContain(`"documentId": "sha256:${id}"`)
  })
})

describe('the settings of trusted documents', () => {
  it.each([{ TRUSTED_DOCUMENTS: 'only' }, { TRUSTED_DOCUMENTS_FILE: '/etc/documents.json' }])(
    '%o do not go without the other',
    (settings) => {
      expect(() => readConfig(settings)).toThrow('need each other')
    },
  )
})
