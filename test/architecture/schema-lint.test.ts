import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const schema = readFileSync(join(root, 'schema.graphql'), 'utf8')
const linter = new ESLint({ cwd: root })

/** Rules that a text breaks in place of schema.graphql. */
async function brokenRules(text: string): Promise<string[]> {
  const [result] = await linter.lintText(text, { filePath: join(root, 'schema.graphql') })
  return [
    ...new Set(
      (result?.messages ?? []).map(({ ruleId, message }) =>
        (ruleId ?? message).replace('@graphql-eslint/', ''),
      ),
    ),
  ]
}

describe('the linter of the schema', () => {
  it('has nothing to say of the schema', async () => {
    expect(await brokenRules(schema)).toEqual([])
  })

  it.each([
    ['a field without a description', 'type Sample { id: ID! }', 'require-description'],
    ['an argument without one', 'type Sample { """.""" id(a: Int): ID! }', 'require-description'],
    ['a value without one', 'enum Sample { A }', 'require-description'],
    [
      'a field in another style',
      'type Sample { """.""" id: ID! """.""" some_name: Int }',
      'naming-convention',
    ],
    [
      'an underscore of our own',
      'type Sample { """.""" id: ID! """.""" _name: Int }',
      'no-restricted-syntax',
    ],
    ['a type without an identity', 'type Sample { """.""" name: Int }', 'strict-id-in-types'],
    [
      'a field named after its type',
      'type Sample { """.""" id: ID! """.""" sampleName: Int }',
      'no-typename-prefix',
    ],
    ['a deprecation without a reason', 'enum Sample { """.""" A @deprecated }', 'require-deprecation-reason'],
    [
      'a connection without edges',
      'type SampleConnection { """.""" nodes: [Int] }',
      'relay-connection-types',
    ],
  ])('refuses %s', async (_what, definition, rule) => {
    expect(await brokenRules(`${schema}\n"""A sample."""\n${definition}\n`)).toContain(rule)
  })
})
