import {
  type GraphQLType,
  getOperationAST,
  isInputObjectType,
  isListType,
  isNonNullType,
  parse,
  validate,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { costOf } from '../../src/server/graphql/operations.ts'

function costOfDocument(
  text: string,
  variables: Record<string, unknown> = {},
  operationName?: string,
): number {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const operation = getOperationAST(document, operationName)
  if (!operation) throw new Error('the document has no such operation')
  return costOf(document, operation)(variables)
}

const encryptBatch = 'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { __typename } }'
const items = (count: number) => Array.from({ length: count }, () => ({ key: 'ukey_1', plaintext: '' }))

describe('a request costs', () => {
  it('one unit for each field on its first level, under whatever alias', () => {
    expect(costOfDocument('{ viewer { projectId } }')).toBe(1)
    expect(costOfDocument('{ a: viewer { projectId } b: viewer { projectId } }')).toBe(2)
  })

  it('the same if its fields come from fragments, each time that these are spread', () => {
    const fragments =
      'fragment One on Query { viewer { projectId } } fragment Two on Query { ...One b: viewer { projectId } }'
    expect(costOfDocument(`{ ...Two ... on Query { ...One } } ${fragments}`)).toBe(3)
  })

  it('what the operation costs that is run, not the others of the document', () => {
    const text =
      'query One { viewer { projectId } } query Two { a: viewer { projectId } b: viewer { projectId } }'
    expect(costOfDocument(text, {}, 'One')).toBe(1)
    expect(costOfDocument(text, {}, 'Two')).toBe(2)
  })

  it('one unit for each item of a batch, wherever these are', () => {
    expect(costOfDocument(encryptBatch, { input: { items: items(500) } })).toBe(500)
    const literal =
      'mutation { encryptBatch(input: { items: [{ key: "k", plaintext: "" }, { key: "k", plaintext: "" }] }) { __typename } }'
    expect(costOfDocument(literal)).toBe(2)
    const listVariable =
      'mutation($items: [EncryptBatchItemInput!]!) { encryptBatch(input: { items: $items }) { __typename } }'
    expect(costOfDocument(listVariable, { items: items(7) })).toBe(7)
    const withDefault =
      'mutation($items: [EncryptBatchItemInput!]! = [{key: "k", plaintext: ""}, {key: "k", plaintext: ""}, {key: "k", plaintext: ""}]) { encryptBatch(input: { items: $items }) { __typename } }'
    expect(costOfDocument(withDefault)).toBe(3)
    const twice =
      'mutation($input: EncryptBatchInput!) { a: encryptBatch(input: $input) { __typename } b: encryptBatch(input: $input) { __typename } }'
    expect(costOfDocument(twice, { input: { items: items(9) } })).toBe(18)
  })

  it('one unit for each ID and each representation', () => {
    expect(costOfDocument('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b', 'c'] })).toBe(
      3,
    )
    expect(costOfDocument('{ nodes(ids: ["a", "b"]) { id } }')).toBe(2)
    const entities =
      'query($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }'
    expect(costOfDocument(entities, { representations: [{}, {}, {}, {}] })).toBe(4)
  })

  it('one unit where a variable is not what its type says, which is refused later', () => {
    for (const input of [null, 'x'.repeat(100), 7, [], { items: {} }, { items: 'abc' }, {}]) {
      expect(costOfDocument(encryptBatch, { input })).toBe(1)
    }
    expect(costOfDocument(encryptBatch, {})).toBe(1)
  })

  it('one unit for each item of every batch that there is', () => {
    const batches = Object.values(schema.getMutationType()?.getFields() ?? {}).filter(({ name }) =>
      name.endsWith('Batch'),
    )
    expect(batches.length).toBeGreaterThan(5)
    for (const { name, args } of batches) {
      const type = withoutNonNull(args.find((each) => each.name === 'input')?.type)
      if (!isInputObjectType(type)) throw new Error(name)
      const lists = Object.values(type.getFields()).filter((each) => isListType(withoutNonNull(each.type)))
      expect(
        lists.map((each) => each.name),
        name,
      ).toEqual(['items'])
      const text = `mutation($input: ${type.name}!) { ${name}(input: $input) { __typename } }`
      expect(costOfDocument(text, { input: { items: [{}, {}, {}] } }), name).toBe(3)
    }
  })
})

function withoutNonNull(type: GraphQLType | undefined): GraphQLType | undefined {
  return isNonNullType(type) ? type.ofType : type
}
