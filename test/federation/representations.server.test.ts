import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const reader: Person = { name: 'vic', roles: ['KMS_VIEWER'] }
const document = 'query($list: [_Any!]!) { _entities(representations: $list) { __typename } }'
const known = { __typename: 'UserKey', id: 'ukey_01jnqk4gd2f3wrkf9vd0kr4e2a' }

describe.skipIf(hasNoDatabase())('a list of representations', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  const ask = async (list: unknown, text = document) => {
    const { status, data, errors } = await story.as(reader).send(text, { list })
    return { status, data, errors: errors.map(({ message, extensions }) => [extensions.code, message]) }
  }

  it.each([
    ['a text', 'UserKey', '1 must be an object'],
    ['a list', [known], '1 must be an object'],
    ['a number', 7, '1 must be an object'],
    ['no ID', { __typename: 'UserKey' }, '1.id must be a string'],
    ['a number as ID', { ...known, id: 7 }, '1.id must be a string'],
    ['an object as ID', { ...known, id: { toString: 'x' } }, '1.id must be a string'],
    ['null as ID', { ...known, id: null }, '1.id must be a string'],
    ['no type', { id: known.id }, '1.__typename must be a string'],
    ['a list as type', { ...known, __typename: ['UserKey'] }, '1.__typename must be a string'],
  ])('with %s in it is refused, and the error says which', async (_what, malformed, problem) => {
    const expected = {
      status: 200,
      data: null,
      errors: [['INPUT_VALIDATION', `The input is not valid: representations.${problem}.`]],
    }
    expect(await ask([known, malformed])).toEqual(expected)
    const literal = (value: unknown): string => JSON.stringify(value).replaceAll(/"(\w+)":/g, '$1:')
    const inline = `{ _entities(representations: [${literal(known)}, ${literal(malformed)}]) { __typename } }`
    expect(await ask(null, inline)).toEqual(expected)
  })

  it.each([
    ['null in it', [known, null]],
    ['nothing', undefined],
    ['null', null],
  ])('that is or has %s is no list of them', async (_what, list) => {
    const { status, errors } = await ask(list)
    expect({ status, code: errors[0]?.[0] }).toEqual({ status: 400, code: 'BAD_REQUEST' })
  })

  it('may have variables inside, whose values are checked like others', async () => {
    const inline =
      'query($list: String) { _entities(representations: [{ __typename: "UserKey", id: $list }]) { __typename } }'
    expect(await ask(known.id, inline)).toEqual({ status: 200, data: { _entities: [null] }, errors: [] })
    expect((await ask(null, inline)).errors).toEqual([
      ['INPUT_VALIDATION', 'The input is not valid: representations.0.id must be a string.'],
    ])
  })

  it('has at most 1000 of them', async () => {
    const list = (length: number) => Array.from({ length }, () => known)
    expect(await ask(list(1000))).toMatchObject({ status: 200, errors: [] })
    expect(await ask(list(1001))).toMatchObject({
      data: null,
      errors: [
        [
          'INPUT_VALIDATION',
          'The input is not valid: representations must have at most 1000 entries, got 1001.',
        ],
      ],
    })
    expect(await ask(list(0))).toEqual({ status: 200, data: { _entities: [] }, errors: [] })
  })

  it('counts towards the values that an answer may have, however long a page is inside', async () => {
    const nested = `query($list: [_Any!]!) { _entities(representations: $list) {
      ... on UserKey { versions(first: 100) { nodes { number } } } } }`
    expect(await ask(Array(200).fill(known), nested)).toMatchObject({ status: 200, errors: [] })
    const { status, errors } = await ask(Array(300).fill(known), nested)
    expect({ status, code: errors[0]?.[0] }).toEqual({ status: 400, code: 'BAD_REQUEST' })
    expect(errors[0]?.[1]).toContain('more than 50000 values')
  })

  it('asks nothing of the database when the caller has no role', async () => {
    story.takeStatements()
    const { errors } = await story.as({ name: 'nora' }).send(document, { list: [7] })
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    expect(story.takeStatements()).toEqual([])
  })
})
