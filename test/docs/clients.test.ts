import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isEnumType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Files that name the version of a package. */
const packageFiles = [
  'test/clients/javascript/package.json',
  'examples/go/go.mod',
  'examples/python/requirements.txt',
  'examples/java/pom.xml',
  'test/clients/rust/Cargo.toml',
].map(read)

describe('docs/clients.md', () => {
  const rows = [
    ...read('docs/clients.md').matchAll(/^\| .*\(`(?:github\.com\/)?([^`]+)`\) \| (\S+) \| run/gm),
  ].map(([, name = '', version = '']) => ({ name, version }))

  it.each(rows)('names the version of $name that is run', ({ name, version }) => {
    const following = packageFiles.flatMap((text) => text.split(name).slice(1))
    const pinned = new RegExp(`^\\D{1,40}?${version.replaceAll('.', '\\.')}(?!\\d)`)
    expect(following.filter((text) => pinned.test(text)).length).toBeGreaterThan(0)
  })

  it('names each client that is run', () => {
    expect(rows.length).toBe(10)
  })
})

describe('docs/api-policy.md', () => {
  it('says of each enum, once, whether it grows', () => {
    const section = /\n### Enums\n(.*?)\n## /s.exec(read('docs/api-policy.md'))?.[1] ?? ''
    const named = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    const enums = Object.values(schema.getTypeMap()).filter(
      (type) => isEnumType(type) && !type.name.startsWith('__'),
    )
    expect(named.sort()).toEqual(enums.map(({ name }) => name).sort())
  })
})
