import { type GraphQLInputType, getNamedType, getNullableType, isEnumType, isListType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listsOfSchema } from '../../scripts/printed/list-limits.ts'
import { inputPlaces, literalOf } from '../fuzz/input-places.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT' }
const ids = { keyId: 'ukey_00000000000000000000000000', versionId: 'kver_00000000000000000000000000' }
/** Smaller than by default, so that a document can hold a longer list. */
const batchItemsMax = 7

const inputLists = new Map(listsOfSchema().map(({ name, element }) => [name, element]))

/** Where the schema declares the list at a place of a request. */
function limitOf(name: string, type: GraphQLInputType, holder: string): number | undefined {
  const itemsMax = (inputLists.get(name) ?? inputLists.get(holder))?.extensions.itemsMax
  if (itemsMax === 'BATCH_ITEMS_MAX') return batchItemsMax
  const named = getNamedType(type)
  return itemsMax === 'ONE_FOR_EACH_VALUE' && isEnumType(named) ? named.getValues().length : Number(itemsMax)
}

const places = inputPlaces()
const lists = places
  .filter(({ type }) => isListType(getNullableType(type)))
  .map((place) => {
    const field = place.path.at(-1)
    const holder = places.find(
      ({ name }) => place.path.length > 0 && name === place.name.slice(0, place.name.lastIndexOf('.')),
    )
    const declaredAt = `${holder ? getNamedType(holder.type) : ''}.${field}`
    const declared = inputLists.has(place.name) ? place.name : declaredAt
    return { ...place, declared, itemsMax: limitOf(place.name, place.type, declaredAt) ?? 0 }
  })

describe('a list in a request', () => {
  let story: Story
  let userKeys = 0
  beforeAll(async () => {
    story = await startStory({ BATCH_ITEMS_MAX: String(batchItemsMax), RATE_LIMIT_UNITS: '1000000' })
  })
  afterAll(() => endStory(story))

  it('is found wherever the schema has one', () => {
    // An input can be in several others.
    expect([...new Set(lists.map(({ declared }) => declared))].sort()).toEqual(
      [...inputLists.keys()]
        .filter((name) => !/^[A-Z]\w+\.\w+$/.test(name) || /(Input|Filter)\./.test(name))
        .sort(),
    )
    expect(lists.filter(({ itemsMax }) => !(itemsMax > 0))).toEqual([])
  })

  it.each(lists)('at $name is counted first, and a long one is refused for that alone', async (place) => {
    const { itemsMax, argumentType, operation } = place
    const client = story.as(admin)
    // Items that are of no type at all: whoever reads one before counting says something else.
    const items = (count: number) => Array.from({ length: count }, () => ({ wrong: [null] }))
    const inVariable = (count: number) =>
      client.send(place.document('$v', `($v: ${argumentType})`, ids), {
        v: place.argumentWith(items(count), ids),
      })
    const message = new RegExp(`^The input is not valid: \\S+ must have at most ${itemsMax} entries, got `)
    for (const count of [itemsMax + 1, itemsMax * 4]) {
      const { errors, status } = await inVariable(count)
      expect(errors).toEqual([
        { message: expect.stringMatching(message), extensions: { code: 'INPUT_VALIDATION' } },
      ])
      expect(status).toBe(400)
    }
    const at = await inVariable(itemsMax)
    expect(at.errors).toHaveLength(1)
    expect(at.text).not.toContain('must have at most')

    // As a variable of its own.
    const own = place.document(
      literalOf(place.argumentWith('$v', ids), argumentType),
      `($v: ${place.type})`,
      ids,
    )
    expect((await client.send(own, { v: items(itemsMax + 1) })).errors).toMatchObject([
      { message: expect.stringMatching(message) },
    ])

    // In the document.
    const long = itemsMax * (operation === 'mutation' ? 2 : 1) + 1
    if (long > 1000) return
    const literal = `[${Array(long).fill('null').join(' ')}]`
    const inDocument = await client.send(
      place.document(literalOf(place.argumentWith('$v', ids), argumentType).replace('$v', literal), '', ids),
    )
    expect(inDocument.text).toMatch(/must have at most \d+ entries, got /)
  })

  it.each(lists.filter(({ operation }) => operation === 'mutation'))(
    'at $name is refused by the mutation itself if it is not much too long, whatever its items are',
    async (place) => {
      const { userKey } = await story
        .as(admin)
        .mutate(
          'createUserKey',
          { name: `k${userKeys++}`, accessControl: { enabled: true } },
          'userKey { id }',
        )
      const known = { ...ids, keyId: userKey.id }
      const [item] = place.argumentExample(known)
      const input = place.argumentWith(Array(place.itemsMax + 1).fill(item), known)
      const name = place.name.slice('Mutation.'.length, place.name.indexOf('('))
      const client = story.as(name.includes('Service') ? agent : admin)
      // What opens a ciphertext looks at that first.
      const source = name.includes('Service') ? { plaintext: '' } : { key: userKey.id, plaintext: '' }
      const encrypt = name.includes('Service') ? 'encryptWithServiceKey' : 'encrypt'
      const { ciphertext } = await client.mutate(encrypt, source, 'ciphertext')
      const withCiphertext = JSON.parse(JSON.stringify(input), (member, value) =>
        member === 'ciphertext' ? ciphertext : value,
      )
      const errors = '... on InputValidationError { issues { path message } }'
      const isInItem = place.path[0] === 'items' && place.path.length > 1
      const items = isInItem ? `results { result { __typename ${errors} } }` : ''
      const answer = await client.mutate(name, withCiphertext, items, errors)
      const { issues, ...error } = isInItem ? answer['results'][0].result : answer
      expect(error).toMatchObject({ __typename: 'InputValidationError' })
      expect(issues).toEqual([
        {
          path: place.path.slice(isInItem ? 2 : 0).map(String),
          message: expect.stringMatching(/^must have (at most|1 to) \d+ (entries|pairs)$/),
        },
      ])
    },
  )

  it('is counted where it is the default of a variable', async () => {
    const { errors } = await story
      .as(admin)
      .send(`query($ids: [ID!]! = [${Array(101).fill('"x"').join(' ')}]) { nodes(ids: $ids) { id } }`)
    expect(errors).toMatchObject([
      { message: 'The input is not valid: ids must have at most 100 entries, got 101.' },
    ])
  })

  it('of 10,000 bad entries is answered in one line', async () => {
    const allowedSubjects = Array(10_000).fill('x')
    const { status, text } = await story
      .as(admin)
      .send('mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { __typename } }', {
        input: { name: 'a', accessControl: { enabled: true, allowedSubjects } },
      })
    expect(status).toBe(400)
    expect(JSON.parse(text)).toEqual({
      errors: [
        {
          message:
            'The input is not valid: accessControl.allowedSubjects must have at most 1000 entries, got 10000.',
          extensions: { code: 'INPUT_VALIDATION' },
        },
      ],
    })
  })
})
