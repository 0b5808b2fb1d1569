import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  type GraphQLEnumType,
  isTypeSystemDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { enumValues } from '../../packages/client/src/generated/enum-values.ts'
import { type OperationDefinition, operations } from '../../packages/client/src/generated/operations.ts'
import { isRepeatable, type OperationName } from '../../packages/client/src/retry.ts'
import { keyMutations } from '../access/key-mutations.ts'

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8'))
const known = operations as Readonly<Record<string, OperationDefinition>>

describe('the operations of the client', () => {
  it.each([
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ])('are each %s of the schema but those for gateways', (kind, root) => {
    const names = Object.keys(root?.getFields() ?? {}).filter((name) => !name.startsWith('_'))
    expect(names.length).toBeGreaterThan(1)
    const ofClient = Object.keys(known).filter((name) => known[name]?.kind === kind)
    expect(ofClient.toSorted()).toEqual(names.toSorted())
  })

  it.each(Object.entries(known))('%s fits the schema', (_name, { document }) => {
    const parsed = parse(document)
    expect(parsed.definitions.some(isTypeSystemDefinitionNode)).toBe(false)
    expect(validate(schema, parsed, specifiedRules)).toEqual([])
  })

  it('are repeated only where they change nothing', () => {
    const changing = keyMutations.filter(({ group }) => group !== 'OPERATION').map(({ name }) => name)
    expect(changing.length).toBeGreaterThan(15)
    expect(changing.filter((name) => isRepeatable(name as OperationName))).toEqual([])
    const operating = keyMutations.filter(({ group }) => group === 'OPERATION').map(({ name }) => name)
    expect(operating.filter((name) => !isRepeatable(name as OperationName))).toEqual([])
    for (const name of ['createUserKey', 'bindRole', 'unbindRole'] as const) {
      expect(isRepeatable(name)).toBe(false)
    }
  })
})

it('the client has the values of all enums of its types, in their order', () => {
  for (const [name, values] of Object.entries(enumValues)) {
    const type = schema.getType(name) as GraphQLEnumType
    expect(values, name).toEqual(type.getValues().map((value) => value.name))
  }
  const types = readFileSync(
    join(import.meta.dirname, '../../packages/client/src/generated/types.ts'),
    'utf8',
  )
  const unions = [...types.matchAll(/^export type (\w+) =\n(?: {2}\| '\w+'\n)+$/gm)].map(([, name]) => name)
  expect(Object.keys(enumValues).toSorted()).toEqual(unions.toSorted())
  expect(unions).toContain('KeyStatus')
})
