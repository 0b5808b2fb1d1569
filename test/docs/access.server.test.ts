import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Story, startStory } from '../support/story.ts'
import { blocksOf } from './blocks.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/access.md'), 'utf8')
const steps = blocksOf(document).filter(({ language }) => language === 'graphql')
const rows = [...document.matchAll(/^\| (\w+) \| `(encrypt|decrypt)` \| `?([^`|]+)`? \| `?(\w+)`? \|/gm)].map(
  ([, caller = '', operation = '', context = '', result = '']) => ({
    caller,
    operation,
    context: context.trim(),
    result,
  }),
)

function pairsOf(context: string): { name: string; value: string }[] | null {
  if (context === 'none') return null
  return context.split(' ').map((pair) => {
    const [name = '', value = ''] = pair.split('=')
    return { name, value }
  })
}

describe('the example of docs/access.md', () => {
  let story: Story
  let keyId: string
  const ciphertexts = new Map<string, string>()
  beforeAll(async () => {
    story = await startStory()
    const ada = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    const answers: unknown[] = []
    for (const { text } of steps) answers.push(await ada.ask(text))
    const created = answers.at(-1) as { createUserKey: { userKey: { id: string } } }
    keyId = created.createUserKey.userKey.id
    expect(answers[0]).toMatchObject({
      shop: { __typename: 'BindRolePayload' },
      billing: { __typename: 'BindRolePayload' },
    })
  })
  afterAll(() => endStory(story))

  it('has two steps and a table', () => {
    expect(steps).toHaveLength(2)
    expect(rows.length).toBeGreaterThan(5)
    expect(new Set(rows.map(({ result }) => result))).toEqual(new Set(['done', 'FORBIDDEN']))
  })

  it.each(rows)(
    '$caller: $operation with $context is $result',
    async ({ caller, operation, context, result }) => {
      const client = story.as({ name: caller, kind: 'SERVICE_ACCOUNT' })
      const given = { context: pairsOf(context) }
      const { data } =
        operation === 'encrypt'
          ? await client.send(
              'mutation ($input: EncryptInput!) { done: encrypt(input: $input) { ... on EncryptPayload { text: ciphertext } ... on UserError { code } } }',
              { input: { key: keyId, plaintext: 'dGVh', ...given } },
            )
          : await client.send(
              'mutation ($input: DecryptInput!) { done: decrypt(input: $input) { ... on DecryptPayload { text: plaintext } ... on UserError { code } } }',
              {
                input: { ciphertext: ciphertexts.get(context) ?? [...ciphertexts.values()][0], ...given },
              },
            )
      if (result === 'done') expect(data.done).toEqual({ text: expect.any(String) })
      else expect(data.done).toEqual({ code: result })
      if (operation === 'encrypt' && result === 'done') ciphertexts.set(context, data.done.text)
    },
  )
})
