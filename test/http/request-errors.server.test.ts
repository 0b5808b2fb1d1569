import type { GraphQLInputObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { subscribeAs } from '../subscriptions/event-source.ts'
import { endStory, type Person, type Story, startStory, startStoryForTest } from '../support/story.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const secret = 'c2VjcmV0LXZhbHVl'
const fields = `Its fields are ${Object.keys((schema.getType('UserKeyFilter') as GraphQLInputObjectType).getFields()).join(', ')}`

/** Requests, and all that is said of them. */
const requests: readonly [document: string, variables: object, says: string][] = [
  [
    'query($f: UserKeyFilter) { userKeys(filter: $f) { totalCount } }',
    { f: { nmae: 1 } },
    `Unknown field "nmae" of type UserKeyFilter. ${fields} (at "f").`,
  ],
  [
    'query($f: UserKeyFilter) { userKeys(filter: $f) { totalCount } }',
    { f: { ['x'.repeat(16_000)]: 1 } },
    `Unknown field "${'x'.repeat(40)}…" of type UserKeyFilter. ${fields} (at "f").`,
  ],
  [
    'query($f: UserKeyFilter) { userKeys(filter: $f) { totalCount } }',
    { f: { [`${secret}=`]: 1 } },
    `Unknown field of type UserKeyFilter: its name is not a GraphQL name. ${fields} (at "f").`,
  ],
  [
    'query($f: UserKeyFilter) { userKeys(filter: $f) { totalCount } }',
    { f: secret },
    'Expected an object of type "UserKeyFilter" (at "f").',
  ],
  [
    'query($f: UserKeyFilter) { userKeys(filter: $f) { totalCount } }',
    { f: { algorithm: ['AES_256_GCM', secret] } },
    'Expected a value of the enum "KeyAlgorithm" (at "f.algorithm.1").',
  ],
  [
    'query($n: Int) { userKeys(first: $n) { totalCount } }',
    { n: secret },
    'Expected a value of type "Int", a whole number of 32 bits (at "n").',
  ],
  [
    'query($id: ID!) { node(id: $id) { id } }',
    {},
    'Expected a value of type "ID!", a string or a whole number, and not null (at "id").',
  ],
  [
    'query($id: ID = "x") { node(id: $id) { id } }',
    { id: null },
    'Expected a value: where the variable is used, the type is "ID!" (at "id").',
  ],
  [
    'query($b: Boolean = true) { viewer { projectId @include(if: $b) } }',
    { b: null },
    'Expected a value: where the variable is used, the type is "Boolean!" (at "b").',
  ],
  [
    'query($by: ServiceKeyBy!) { serviceKey(by: $by) { id } }',
    { by: { key: secret, service: secret } },
    'Exactly one field of "ServiceKeyBy" must be given, and it must not be null. Leave the others out: null counts as given (at "by").',
  ],
  [
    'query($by: ServiceKeyBy!) { serviceKey(by: $by) { id } }',
    { by: { service: 'Backup', key: null } },
    'Exactly one field of "ServiceKeyBy" must be given, and it must not be null. Leave the others out: null counts as given (at "by").',
  ],
  [
    'mutation($i: EncryptInput!) { encrypt(input: $i) { __typename } }',
    { i: {} },
    'An object of type "EncryptInput" needs the fields "key" of type "KeyRef!", "plaintext" of type "Base64!" (at "i").',
  ],
  [
    'mutation($i: EncryptInput!) { encrypt(input: $i) { __typename } }',
    { i: { key: 'a', plaintext: `${secret}!` } },
    'The base64 text has a character outside of the alphabet at position 16 (at "i.plaintext").',
  ],
  [
    'query($t: DateTime) { userKeys(filter: { createdAfter: $t }) { totalCount } }',
    { t: '2026-02-30T00:00:00Z' },
    'A DateTime must be RFC 3339 text with an offset, e.g. 2026-01-31T12:00:00Z (at "t").',
  ],
  // In the document.
  ['{ viewer { nickname } }', {}, 'Cannot query field "nickname" on type "Viewer".'],
  [`{ viewer { ${'x'.repeat(16_000)} } }`, {}, `Cannot query field "${'x'.repeat(40)}…" on type "Viewer".`],
  ['{ viewer }', {}, 'Field "Query.viewer" of type "Viewer" needs a selection of fields.'],
  [
    '{ viewer { projectId { id } } }',
    {},
    'Field "Viewer.projectId" of type "String!" has no fields to select.',
  ],
  ['{ node { id } }', {}, 'Field "Query.node" needs the argument "id" of type "ID!".'],
  ['{ viewer(a: 1) { projectId } }', {}, 'Unknown argument "a" of field "Query.viewer".'],
  [
    '{ userKeys(filter: { nmae: 1 }) { totalCount } }',
    {},
    `Unknown field "nmae" of type UserKeyFilter. ${fields}.`,
  ],
  [
    `{ userKeys(first: "${secret}") { totalCount } }`,
    {},
    'Expected a value of type "Int", a whole number of 32 bits.',
  ],
  [
    `{ userKeys(filter: { algorithm: ${secret} }) { totalCount } }`,
    {},
    'Expected a value of the enum "KeyAlgorithm".',
  ],
  [
    '{ userKeys(orderBy: { field: NAME }) { totalCount } }',
    {},
    'An object of type "UserKeyOrder" needs the field "direction" of type "OrderDirection!".',
  ],
  [
    '{ serviceKey(by: {}) { id } }',
    {},
    'Exactly one field of "ServiceKeyBy" must be given, and it must not be null. Leave the others out: null counts as given.',
  ],
  ['{ serviceKey(by: null) { id } }', {}, 'Expected a value of type "ServiceKeyBy!", and not null.'],
  [
    'query($id: KeyRef) { serviceKey(by: { key: $id }) { id } }',
    {},
    'Exactly one field of "ServiceKeyBy" must be given, and it must not be null. Leave the others out: null counts as given (at "id").',
  ],
  [
    'query($n: String) { userKeys(first: $n) { totalCount } }',
    {},
    'Variable "n" of type "String" cannot be used where the type is "Int".',
  ],
  ['query($n: Int) { viewer { projectId } }', {}, 'Variable "n" is never used.'],
  ['{ userKeys(first: $n) { totalCount } }', {}, 'Variable "n" is not defined.'],
  [
    'query($n: Int, $n: Int) { userKeys(first: $n) { totalCount } }',
    {},
    'There can be only one variable named "n".',
  ],
  ['query($n: Viewer) { userKeys(first: $n) { totalCount } }', {}, 'A variable cannot be of type "Viewer".'],
  ['query($n: Nothing) { userKeys(first: $n) { totalCount } }', {}, 'Unknown type "Nothing".'],
  [
    '{ viewer { ...F } } fragment F on Query { __typename }',
    {},
    'A fragment on "Query" cannot be spread on type "Viewer": no object is of both.',
  ],
  [
    '{ viewer { ... on Query { __typename } } }',
    {},
    'A fragment on "Query" cannot be spread on type "Viewer": no object is of both.',
  ],
  ['{ viewer { ...F } }', {}, 'Unknown fragment "F".'],
  ['{ viewer { projectId } } fragment F on Viewer { projectId }', {}, 'Fragment "F" is never used.'],
  ['{ viewer { ...F } } fragment F on Viewer { ...F }', {}, 'Fragment "F" spreads itself.'],
  ['{ viewer { ...F } } fragment F on Int { a }', {}, 'A fragment cannot be on "Int", which has no fields.'],
  ['{ viewer { projectId @skip } }', {}, 'Directive "skip" needs the argument "if" of type "Boolean!".'],
  ['{ viewer { projectId @none } }', {}, 'Unknown directive "none".'],
  ['query @skip(if: true) { viewer { projectId } }', {}, 'Directive "skip" cannot be used here.'],
  [
    '{ viewer { projectId @skip(if: true) @skip(if: true) } }',
    {},
    'Directive "skip" can be used only once in one place.',
  ],
  ['{ viewer { projectId @skip(if: true, a: 1) } }', {}, 'Unknown argument "a" of directive "@skip".'],
  ['{ node(id: "a", id: "b") { id } }', {}, 'There can be only one argument named "id".'],
  ['{ serviceKey(by: { key: "a", key: "b" }) { id } }', {}, 'There can be only one input field named "key".'],
  ['{ viewer { a: projectId a: kind } }', {}, 'Fields called "a" differ here: give one of them an alias.'],
  ['{ viewer { projectId } } type A { a: Int }', {}, 'A document holds operations and fragments only.'],
  [
    'subscription { a: userKeysChanged { at } b: userKeysChanged { at } }',
    {},
    'A subscription must have exactly one top-level field, which must not be an introspection field.',
  ],
  [`{ viewer { "${secret}" } }`, {}, 'The document cannot be read as GraphQL at line 1, column 12.'],
]

describe('an error about a request', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  it.each(requests)(
    'names what the schema defines, and no value: %s %j',
    async (document, variables, says) => {
      const { errors, status, text } = await story.as(ada).send(document, variables)
      expect(errors.map(({ message }) => message)).toContain(says)
      expect(status).toBe(400)
      expect(text).not.toContain(secret)
      for (const { extensions, message } of errors) {
        expect(['BAD_REQUEST', 'BAD_USER_INPUT']).toContain(extensions.code)
        // What has no sentence of its own.
        expect(message).not.toMatch(/is not valid\.$|not acceptable/)
      }
    },
  )

  it.each([
    'query A { viewer { projectId } } query B { viewer { projectId } }',
    'query A { viewer { projectId } } query A { viewer { projectId } }',
    'type A { a: Int }',
  ])('says that an operation has to be chosen: %s', async (document) => {
    expect((await story.as(ada).send(document)).errors).toEqual([
      {
        message: 'The document has several operations, or none: name one of them (operationName).',
        extensions: { code: 'BAD_REQUEST' },
      },
    ])
  })

  it.each([
    ['{', 'The body cannot be read as JSON.'],
    [
      '[]',
      'The body must be one request, not a list of requests. Send each request by itself, or several fields under aliases in one document.',
    ],
    ['1', 'The body must be a JSON object, such as { "query": "{ viewer { projectId } }" }.'],
    ['{}', 'Must provide a document (query), such as { "query": "{ viewer { projectId } }" }.'],
    ['{"query":1}', 'The document (query) must be a string.'],
    [
      `{"query":"{ __typename }","variables":"${secret}"}`,
      'The variables must be an object, not a string: send the JSON object itself, without JSON.stringify.',
    ],
    [
      `{"query":"{ __typename }","operationName":["${secret}"]}`,
      'The name of the operation (operationName) must be a string.',
    ],
    ['{"query":"{ __typename }","variables":[]}', 'The variables must be an object.'],
    [
      '{"query":"query A { __typename }","operationName":""}',
      'The name of the operation (operationName) is empty: send a name, null, or no operationName.',
    ],
    ['{"query":"query A { __typename }","operationName":"B"}', 'The document has no operation named "B".'],
    [
      `{"query":"query A { __typename }","operationName":"${secret}="}`,
      'The document has no operation of that name.',
    ],
    [
      '{"query":"query A { __typename } query A { __typename }","operationName":"A"}',
      'There can be only one operation named "A".',
    ],
    ['{"query":"{ __typename }","other":1}', 'Unexpected parameter "other" in the body.'],
    [
      `{"query":"{ __typename }","${secret}=":1}`,
      'Unexpected parameter in the body: its name is not a GraphQL name.',
    ],
  ])('about the body %s says %s', async (body, says) => {
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(ada)}`,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
      },
      body,
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      errors: [{ message: says, extensions: { code: 'BAD_REQUEST' } }],
    })
  })

  it.each([
    ['{\n  viewer {\n    nickname\n  }\n}', [{ line: 3, column: 5 }]],
    ['{\n\n  a: userKeys(first: -1) { totalCount }\n}', [{ line: 3, column: 3 }]],
    [
      '{ viewer { a: projectId\na: kind } }',
      [
        { line: 1, column: 12 },
        { line: 2, column: 1 },
      ],
    ],
    ['{\n {', [{ line: 2, column: 2 }]],
  ])('says where in the document it is, also the next time: %s', async (document, locations) => {
    for (const _ of [1, 2]) {
      const { errors } = await story.as(ada).send(document)
      expect(errors).toMatchObject([{ locations }])
    }
  })

  it('lists the fields of an input type only where introspection does', async () => {
    const hidden = await startStoryForTest({ INTROSPECTION: 'off' })
    const filter = { nmae: 1 }
    const query = 'query($filter: UserKeyFilter) { userKeys(filter: $filter) { totalCount } }'
    for (const answer of [
      await hidden.as(ada).send(query, { filter }),
      await hidden.as(ada).send('{ userKeys(filter: { nmae: 1 }) { totalCount } }'),
    ]) {
      expect(answer.errors[0]?.message).toMatch(
        /^Unknown field "nmae" of type UserKeyFilter( \(at "filter"\))?\.$/,
      )
    }
  })

  it('of a subscription is one like any other', async () => {
    const { next } = await subscribeAs(
      story,
      ada,
      'subscription($k: KeyRef!) { keyEvents(key: $k) { at } }',
      {
        k: { secret },
      },
    )
    expect((await next()).errors).toEqual([
      {
        message: 'A KeyRef must be a string (at "k").',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ])
  })
})
