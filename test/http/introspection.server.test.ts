import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

/** The introspection of graphql-js, with so many levels of `ofType`. */
function introspection(levels: number): string {
  const query = getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true })
  let type = 'kind name'
  for (let level = 0; level < levels; level++) type = `kind name ofType { ${type} }`
  return `${query.slice(0, query.indexOf('fragment TypeRef'))} fragment TypeRef on __Type { ${type} }`
}

/** The same without fragments, as some tools write it. */
function written(levels: number): string {
  let type = 'kind name'
  for (let level = 0; level < levels; level++) type = `kind name ofType { ${type} }`
  return `{ __schema { types { name fields(includeDeprecated: true) { name args { name type { ${type} } } type { ${type} } } } } }`
}

describe('introspection', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  it.each([7, 9, 10, 12])('may ask for %i levels of ofType', async (levels) => {
    const data = await story.as(member).ask<IntrospectionQuery>(introspection(levels))
    expect(printSchema(buildClientSchema(data))).toContain('type UserKey')
    expect((await story.as(member).send(written(levels))).errors).toEqual([])
  })

  it('may not ask for ever more of them', async () => {
    const { errors } = await story.as(member).send(written(30))
    expect(errors).toMatchObject([{ message: 'The document is nested more than 15 fields deep.' }])
  })

  it('names only locations of directives that compilers of clients know', async () => {
    const { __schema: found } = await story.as(member).ask<IntrospectionQuery>(introspection(3))
    // October 2021, with those of later drafts that are older than 2025.
    const known =
      /^(QUERY|MUTATION|SUBSCRIPTION|FIELD|FRAGMENT_DEFINITION|FRAGMENT_SPREAD|INLINE_FRAGMENT|VARIABLE_DEFINITION|SCHEMA|SCALAR|OBJECT|FIELD_DEFINITION|ARGUMENT_DEFINITION|INTERFACE|UNION|ENUM|ENUM_VALUE|INPUT_OBJECT|INPUT_FIELD_DEFINITION)$/
    const locations = found.directives.map(({ name, locations: each }) => [name, each] as const)
    expect(locations.map(([name]) => name)).toEqual(['include', 'skip', 'deprecated', 'specifiedBy', 'oneOf'])
    for (const [name, each] of locations) for (const location of each) expect(location, name).toMatch(known)
    expect(Object.fromEntries(locations)['deprecated']).toEqual([
      'FIELD_DEFINITION',
      'ARGUMENT_DEFINITION',
      'INPUT_FIELD_DEFINITION',
      'ENUM_VALUE',
    ])
  })

  it('still marks what is deprecated, wherever that may be', () => {
    expect(schema.getDirective('deprecated')?.args.map(({ name }) => name)).toEqual(['reason'])
  })
})
