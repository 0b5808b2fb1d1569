import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

describe.skipIf(hasNoDatabase())('random bytes', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  const generate = (input: object, person = member) =>
    story
      .as(person)
      .mutate('generateRandom', input, 'bytes', '... on InputValidationError { issues { path } }')

  it.each([1, 2, 31, 32, 1024])('are exactly %i if so many are asked for', async (bytes) => {
    const made = await generate({ lengthBytes: bytes })
    expect(Buffer.from(made['bytes'], 'base64')).toHaveLength(bytes)
  })

  it('are 32 unless asked for otherwise, and never the same', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => generate({})))
    expect(new Set(made.map(({ bytes }) => bytes)).size).toBe(50)
    expect(Buffer.from(made[0]?.['bytes'], 'base64')).toHaveLength(32)
  })

  it.each([0, -1, 1025, 2_147_483_647])('are refused in the number of %i', async (bytes) => {
    expect(await generate({ lengthBytes: bytes })).toMatchObject({
      code: 'INPUT_VALIDATION',
      message: expect.stringContaining('1024'),
      issues: [{ path: ['lengthBytes'] }],
    })
  })

  it('need a role that may use keys, before their number is looked at', async () => {
    for (const roles of [[], ['PROJECT_READER'], ['KMS_VIEWER']] as const) {
      for (const bytes of [32, 0]) {
        const { data, errors } = await story
          .as({ name: 'rita', roles })
          .send(
            'mutation($bytes: Int!) { generateRandom(input: { lengthBytes: $bytes }) { __typename } viewer: __typename }',
            { bytes },
          )
        expect(errors).toEqual([])
        expect(data).toEqual({ generateRandom: { __typename: 'ForbiddenError' }, viewer: 'Mutation' })
      }
    }
    expect(await generate({}, { name: 'uma', roles: ['KMS_USER'] })).toMatchObject({
      __typename: 'GenerateRandomPayload',
    })
  })
})
