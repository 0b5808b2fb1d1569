import { PothosValidationError } from '@pothos/core'
import { ForbiddenError as PothosForbiddenError } from '@pothos/plugin-scope-auth'
import { buildSchema, execute, GraphQLError, type GraphQLSchema, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../src/keys/rules/errors.ts'
import { createLog } from '../../src/log.ts'
import { maskError } from '../../src/server/graphql/mask-errors.ts'

const secret = 'plaintext-of-somebody'

/** What a caller reads of what a resolver throws, and what is logged of it. */
async function maskedOf(thrown: unknown): Promise<{ shown: string; code: unknown; logged: string }> {
  const schema: GraphQLSchema = buildSchema('type Query { field: String }')
  const { field } = schema.getQueryType()?.getFields() ?? {}
  if (field === undefined) throw new Error('the schema has lost its field')
  field.resolve = () => {
    throw thrown
  }
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const { errors = [] } = await execute({ schema, document: parse('{ field }') })
  const [error] = errors.map((each) => maskError(each, { log, explain: () => null }))
  return { shown: JSON.stringify(error), code: error?.extensions['code'], logged: lines.join('') }
}

describe('what a resolver throws', () => {
  it.each([
    ['an error', new Error(secret)],
    ['an error of GraphQL, which the server would show as it is', new GraphQLError(secret)],
    ['one with a code of its own', new GraphQLError(secret, { extensions: { code: 'FORBIDDEN', secret } })],
    ['a validation error of Pothos', new PothosValidationError(secret)],
    ['text', secret],
  ])('%s is INTERNAL, and its text is neither shown nor logged', async (_what, thrown) => {
    const { shown, code, logged } = await maskedOf(thrown)
    expect(code).toBe('INTERNAL')
    expect(shown).toContain('Internal error')
    expect(`${shown}${logged}`).not.toContain(secret)
    expect(logged).toContain('a request failed')
  })

  it('a refusal by Pothos is INTERNAL as well: the schema has words of its own for it', async () => {
    const refusal = new PothosForbiddenError(`Not authorized to resolve Query.${secret}`, {} as never)
    expect((await maskedOf(refusal)).code).toBe('INTERNAL')
    const own = await maskedOf(new ForbiddenError())
    expect(own.code).toBe('FORBIDDEN')
    expect(JSON.parse(own.shown).message).toBe(new ForbiddenError().message)
  })
})
