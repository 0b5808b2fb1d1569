import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }

const literal = (keys: number, versions: number) =>
  `{ userKeys(first: ${keys}) { nodes { versions(first: ${versions}) { nodes { number } } } } }`
/** As gateways write it, which put each literal into a variable. */
const inVariables = `query($a: Int = 200, $b: Int = 200) {
  userKeys(first: $a) { nodes { versions(first: $b) { nodes { number } } } } }`
const answer = { userKeys: { nodes: Array(2).fill({ versions: { nodes: [{ number: 1 }] } }) } }

describe.skipIf(hasNoDatabase())('a list inside a list', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
    for (const name of ['mail', 'orders', 'stock']) await story.as(olga).mutate('createUserKey', { name })
  })
  afterAll(() => endStory(story))

  const ask = async (text: string, variables = {}) => {
    const { status, data, errors } = await story.as(olga).send(text, variables)
    return { status, data, errors: errors.map(({ extensions, message }) => [extensions.code, message]) }
  }

  it('is answered with sizes in the document as with sizes in variables, again and again', async () => {
    const answered = { status: 200, data: answer, errors: [] }
    expect(await ask(literal(2, 5))).toEqual(answered)
    for (const variables of [{ a: 2, b: 5 }, { a: 2, b: 200 }, { a: 2 }, { a: 2, b: null }, { a: 2, b: 5 }]) {
      expect(await ask(inVariables, variables)).toEqual(answered)
    }
  })

  it('is refused where its values are too many, in either form, also once the document is known', async () => {
    const refused = {
      status: 400,
      data: null,
      errors: [['BAD_REQUEST', expect.stringContaining('more than 50000 values')]],
    }
    const wide = 'nodes { number versionStatus createdAt activatedAt'
    expect(await ask(literal(200, 200).replace('nodes { number', wide))).toEqual(refused)
    const text = inVariables.replace('nodes { number', wide)
    expect(await ask(text, { a: 1, b: 1 })).toMatchObject({ status: 200, errors: [] })
    for (const variables of [{ a: 200, b: 200 }, { a: 200 }, {}, { a: 2 ** 31 - 1, b: 2 ** 31 - 1 }]) {
      expect(await ask(text, variables)).toEqual(refused)
    }
  })

  it.each([
    [{ a: -1, b: 200 }, 200, 'INPUT_VALIDATION'],
    [{ a: 201, b: 1 }, 200, 'INPUT_VALIDATION'],
    [{ a: 2 ** 31 - 1, b: 1 }, 200, 'INPUT_VALIDATION'],
    [{ a: 1.5, b: 1 }, 400, 'BAD_REQUEST'],
    [{ a: '2', b: 1 }, 400, 'BAD_REQUEST'],
    [{ a: [2], b: 1 }, 400, 'BAD_REQUEST'],
    [{ a: 2 ** 31, b: 1 }, 400, 'BAD_REQUEST'],
  ])('of sizes that no list has, %j, is refused for these', async (variables, status, code) => {
    const { errors, ...given } = await ask(inVariables, variables)
    expect({ status: given.status, codes: errors.map(([first]) => first) }).toEqual({ status, codes: [code] })
  })
})
