import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareSchemas, formatReport, unannouncedOf } from '../../scripts/schema-report.ts'

const before = readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8')

/** The schema with one place changed, which must be there. */
function changed(from: string | RegExp, to: string): string {
  const after = before.replace(from, to)
  if (after === before) throw new Error(`the schema has no ${from}`)
  return after
}

const inUserKey = (from: string, to: string): [RegExp, string] => [
  new RegExp(`(?<=^type UserKey [^}]*?)${from}`, 'm'),
  to,
]

describe('a change of the schema', () => {
  it.each([
    [
      'a field that goes',
      ...inUserKey('"""[^"]+"""\\s+accessControlEnabled: Boolean!', ''),
      'UserKey.accessControlEnabled',
    ],
    ['a field that may be null now', ...inUserKey('id: ID!', 'id: ID'), 'UserKey.id'],
    ['a value that goes', /"""[^"]+"""\s+CREATED_AT\n/, '', 'UserKeyOrderField.CREATED_AT'],
    [
      'a field that must be given now',
      /(?<=input UserKeyFilter \{[^}]+)namePrefix: String/,
      'namePrefix: String!',
      'UserKeyFilter.namePrefix',
    ],
    ['a type of another kind', /^scalar Base64\b.*$/m, 'enum Base64 { A }', 'Base64'],
    ['an error that an operation no longer has', / \| LockoutError/, '', /Result$/],
  ] as [string, string | RegExp, string, string | RegExp][])(
    'is breaking: %s',
    async (_what, from, to, path) => {
      const { breaking } = await compareSchemas(before, changed(from, to))
      const expected = typeof path === 'string' ? path : expect.stringMatching(path)
      expect(breaking).toContainEqual({ path: expected, message: expect.any(String) })
    },
  )

  it.each([
    ['one more value', /(?<=enum OrderDirection \{)/, ' RANDOM ', 'OrderDirection.RANDOM'],
    ['one more error of an operation', /(?<=^union SignResult = )/m, 'PageInfo | ', 'SignResult'],
  ] as [string, RegExp, string, string][])('is dangerous: %s', async (_what, from, to, path) => {
    const { breaking, dangerous } = await compareSchemas(before, changed(from, to))
    expect(breaking).toEqual([])
    expect(dangerous.map((each) => each.path)).toEqual([path])
  })

  it.each([
    ['one more field', ...inUserKey('id: ID!', 'id: ID! more: Int')],
    ['a deprecation', ...inUserKey('id: ID!', 'id: ID! @deprecated(reason: "Removed after 2027-01-01.")')],
  ] as [string, RegExp, string][])('is safe: %s', async (_what, from, to) => {
    const { breaking, dangerous, safe } = await compareSchemas(before, changed(from, to))
    expect([breaking, dangerous]).toEqual([[], []])
    expect(safe.length).toBeGreaterThan(0)
  })

  it('of a description is none', async () => {
    const after = changed('"""All that can be read."""', '"""Whatever can be read."""')
    expect(await compareSchemas(before, after)).toEqual({ breaking: [], dangerous: [], safe: [] })
  })
})

describe('the report of changes', () => {
  const takeAway = () => compareSchemas(before, changed(...inUserKey('id: ID!', 'id: ID')))

  it('counts, and lists what is breaking', async () => {
    const report = await takeAway()
    expect(formatReport(report, { all: false })).toMatch(
      /^1 breaking, 0 dangerous, 0 safe\n\nBreaking\n {2}UserKey\.id: /,
    )
  })

  it('accepts a breaking change only where the changelog announces it for the next release', async () => {
    const report = await takeAway()
    const unannounced = (text: string) => unannouncedOf(report, text).map(({ path }) => path)
    expect(
      unannounced(
        '# Changelog\n\n## [Unreleased]\n\n### Changed\n\n- **Breaking:** Keys without access\n  have no `UserKey.id`.\n',
      ),
    ).toEqual([])
    for (const text of [
      '# Changelog\n',
      '## [Unreleased]\n\n### Removed\n\n- **Breaking:** `UserKey.name`.\n',
      '## [Unreleased]\n\n### Changed\n\n- `UserKey.id` may be null.\n',
      '## [Unreleased]\n\n- **Breaking:** all.\n\n### Fixed\n\n- `UserKey.id` may be null.\n',
      '## [Unreleased]\n\n## [1.0.0]\n\n### Changed\n\n- **Breaking:** `UserKey.id` may be null.\n',
    ]) {
      expect(unannounced(text), text).toEqual(['UserKey.id'])
    }
  })
})
