import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

const labelsMax = 50

interface Label {
  readonly name: string
  readonly value: string
}

describe.skipIf(hasNoDatabase())('labels of a key', () => {
  let story: Story
  let mia: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory()
    mia = story.as(manager)
  })
  afterAll(() => endStory(story))

  const selection = 'userKey { id revision labels { name value } }'

  async function create(client: Client, input: object = {}) {
    return (await client.mutate('createUserKey', { name: `key-${count++}`, ...input }, selection))['userKey']
  }

  async function labelsOf(client: Client, key: string): Promise<readonly Label[] | null> {
    const { userKey } = await client.ask<{ userKey: { labels: readonly Label[] | null } }>(
      'query ($key: KeyRef!) { userKey(key: $key) { labels { name value } } }',
      { key },
    )
    return userKey.labels
  }

  const numbered = (length: number, prefix = 'n'): Label[] =>
    Array.from({ length }, (_, n) => ({ name: `${prefix}${n}`, value: '' }))

  it('are set at creation, and shown sorted by name', async () => {
    const labels = [
      { name: 'team', value: 'payments' },
      { name: '__proto__', value: 'constructor' },
      { name: '담당', value: '결제 "ü" 🔑' },
    ]
    const { id, labels: shown } = await create(mia, { labels })
    expect(shown).toEqual([labels[1], labels[0], labels[2]])
    expect(await labelsOf(mia, id)).toEqual(shown)
    expect((await create(mia))['labels']).toEqual([])
  })

  it('agree with a model of one map for each key, whatever is set and removed', async () => {
    const names = ['a', 'b', 'A', 'toString', '키']
    const label = fc.record({ name: fc.constantFrom(...names), value: fc.constantFrom('', '1', '2') })
    const step = fc
      .record({
        set: fc.uniqueArray(label, { selector: ({ name }) => name, maxLength: 3 }),
        remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
      })
      .filter(({ set, remove }) => set.length + remove.length > 0)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const { id } = await create(mia)
        const model = new Map<string, string>()
        for (const { set, remove } of steps) {
          const answer = await mia.mutate('labelUserKey', { key: id, set, remove }, selection)
          if (set.some(({ name }) => remove.includes(name))) {
            expect(answer['code']).toBe('INPUT_VALIDATION')
            continue
          }
          for (const name of remove) model.delete(name)
          for (const { name, value } of set) model.set(name, value)
          const expected = [...model].map(([name, value]) => ({ name, value }))
          expected.sort((one, other) => (one.name < other.name ? -1 : 1))
          expect(answer['userKey'].labels).toEqual(expected)
        }
      }),
      { numRuns: 15 },
    )
  })

  it.each<[string, object, string]>([
    ['an empty name', { name: '', value: '' }, '0.name'],
    ['a name of 64 characters', { name: '🔑'.repeat(64), value: '' }, '0.name'],
    ['a name that ends with a space', { name: 'team ', value: '' }, '0.name'],
    ['a control character in its name', { name: 'a\u0000b', value: '' }, '0.name'],
    ['a format character in its name', { name: 'a\u202eb', value: '' }, '0.name'],
    ['a value of 257 characters', { name: 'a', value: 'x'.repeat(257) }, '0.value'],
    ['a control character in its value', { name: 'a', value: 'x\ny' }, '0.value'],
    ['a format character in its value', { name: 'a', value: 'x\u200by' }, '0.value'],
    ['half a surrogate pair in its value', { name: 'a', value: '\ud800' }, '0.value'],
    ['a value in another normal form', { name: 'a', value: 'e\u0301' }, '0.value'],
  ])('are refused with %s, at creation and later, with the path', async (_fault, label, path) => {
    const { id } = await create(mia)
    const answers = await mia.ask<Record<string, { issues: { path: string[] }[] }>>(
      `mutation ($create: CreateUserKeyInput!, $change: LabelUserKeyInput!) {
        createUserKey(input: $create) { ...Issues }
        labelUserKey(input: $change) { ...Issues }
      }
      fragment Issues on InputValidationError { issues { path } }`,
      { create: { name: 'not-made', labels: [label] }, change: { key: id, set: [label] } },
    )
    const paths = Object.values(answers).map(({ issues }) => issues.map((issue) => issue.path.join('.')))
    expect(paths).toEqual([[`labels.${path}`], [`set.${path}`]])
    expect(await labelsOf(mia, id)).toEqual([])
  })

  it('have a name each, and are at most 50', async () => {
    const twice = [
      { name: 'a', value: '1' },
      { name: 'a', value: '2' },
    ]
    const longest = { name: '🔑'.repeat(63), value: '가'.repeat(256) }
    const { id } = await create(mia, { labels: [...numbered(labelsMax - 1), longest] })
    expect(await labelsOf(mia, id)).toContainEqual(longest)
    for (const [input, refusal] of [
      [{ set: twice }, 'InputValidationError'],
      [{ set: numbered(labelsMax + 1) }, 'InputValidationError'],
      [{ set: [{ name: 'one-more', value: '' }] }, 'InputValidationError'],
      [{}, 'InputValidationError'],
      [{ remove: ['n1', 'n1'] }, 'InputValidationError'],
      [{ set: [{ name: 'one-more', value: '' }], remove: ['n1'] }, 'LabelUserKeyPayload'],
    ] as const) {
      expect((await mia.mutate('labelUserKey', { key: id, ...input })).__typename).toBe(refusal)
    }
    expect(await labelsOf(mia, id)).toHaveLength(labelsMax)
  })

  it('are not changed if the key has another revision than expected', async () => {
    const { id, revision } = await create(mia)
    const change = { key: id, set: [{ name: 'team', value: 'ops' }], expectedRevision: revision }
    expect((await mia.mutate('labelUserKey', change)).__typename).toBe('LabelUserKeyPayload')
    expect((await mia.mutate('labelUserKey', change)).__typename).toBe('ConflictError')
  })

  it('are hidden when the key is redacted, and grant nothing', async () => {
    const olga = story.as(owner)
    const labels = [
      { name: 'owner', value: 'user:max' },
      { name: 'allowedSubjects', value: 'user:max' },
    ]
    const { id } = await create(olga, { labels, accessControl: { enabled: true } })
    const max = story.as(member)
    const name = `key-${count - 1}`
    expect(await labelsOf(olga, id)).toHaveLength(2)
    expect(await labelsOf(max, name)).toBeNull()
    expect((await max.mutate('labelUserKey', { key: name, remove: ['owner'] })).__typename).toBe(
      'ForbiddenError',
    )
    expect((await max.mutate('encrypt', { key: name, plaintext: 'AAAA' })).__typename).toBe('ForbiddenError')
  })
})
