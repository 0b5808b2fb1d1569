import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('docs/federation.md', () => {
  it.each([
    ['compose.ts', 'ts'],
    ['customers.ts', 'ts'],
    ['customers.graphql', 'graphql subgraph'],
    ['hive-gateway.ts', 'ts'],
    ['apollo-gateway.ts', 'ts'],
    ['mercurius-gateway.ts', 'ts'],
    ['hive-router.yaml', 'yaml'],
  ])('shows %s as the tests of gateways run it', (file, language) => {
    expect(read('docs/federation.md')).toContain(`\`\`\`${language}\n${read(`test/gateway/${file}`)}\`\`\`\n`)
  })

  it('refers to keys as the subgraph of the tests does', () => {
    const [reference = ''] =
      /"Known here by its ID only\."\ntype UserKey [^}]+\}\n/.exec(read('test/gateway/vaults.graphql')) ?? []
    expect(reference).toContain('@key')
    expect(read('docs/federation.md')).toContain(reference)
  })
})
