import {
  buildSchema,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLType,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { composeWithout } from './subgraphs.ts'

/** Fields of inputs and payloads that hold what must be known to the caller and to Keystead only. */
const secrets = ['plaintext', 'privateKeyPlaintext', 'sharedSecret', 'bytes']

/** Whether a value of the type can hold a secret, at any depth of an input or a payload. */
function holdsSecrets(type: GraphQLNamedType, seen = new Set<GraphQLNamedType>()): boolean {
  if (seen.has(type)) return false
  seen.add(type)
  if (isUnionType(type)) return type.getTypes().some((each) => holdsSecrets(each, seen))
  if (!isInputObjectType(type) && !isObjectType(type)) return false
  const fields: readonly { name: string; type: GraphQLType }[] = Object.values(type.getFields())
  return fields.some((field) => secrets.includes(field.name) || holdsSecrets(getNamedType(field.type), seen))
}

const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
const withSecrets = mutations.filter(
  ({ type, args }) =>
    holdsSecrets(getNamedType(type)) || args.some((arg) => holdsSecrets(getNamedType(arg.type))),
)

describe('an encrypted value', () => {
  it('is in the answer of no field but `_entities`, which is a query', () => {
    const leading = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
      .filter(({ field }) => {
        const named = getNamedType(field.type)
        const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [named]
        return possible.some(({ name }) => name === 'EncryptedValue')
      })
    expect(leading.map(({ type, field }) => `${type.name}.${field.name}`)).toEqual(['Query._entities'])
  })
})

describe('a supergraph without the tag "secrets"', () => {
  const { errors, publicSdl } = composeWithout('secrets')
  const contract = buildSchema(publicSdl)

  it('has the mutations that neither take nor give plain data, plain keys or shared secrets, and no other', () => {
    expect(errors).toEqual([])
    expect(withSecrets.length).toBeGreaterThan(8)
    const left = Object.keys(contract.getMutationType()?.getFields() ?? {})
    const harmless = mutations.filter((each) => !withSecrets.includes(each)).map(({ name }) => name)
    expect(left.sort()).toEqual(harmless.sort())
  })

  it('keeps what takes messages, and tells or checks something about them', () => {
    const left = Object.keys(contract.getMutationType()?.getFields() ?? {})
    const takesMessages = /^(sign|verify|generateMac|verifyMac)(Batch)?$/
    expect(left.filter((name) => takesMessages.test(name)).sort()).toEqual([
      'generateMac',
      'generateMacBatch',
      'sign',
      'signBatch',
      'verify',
      'verifyBatch',
      'verifyMac',
    ])
  })

  it('refers to encrypted values, and does not decrypt them', () => {
    const fieldsIn = (each: typeof schema) =>
      Object.keys((each.getType('EncryptedValue') as GraphQLObjectType).getFields())
    expect(fieldsIn(contract)).toEqual(['ciphertext', 'context'])
    expect(fieldsIn(schema)).toEqual(['ciphertext', 'context', 'plaintext', 'text', 'failure'])
    expect((contract.getType('Customer') as GraphQLObjectType).getFields()).toHaveProperty('email')
  })

  it('still manages keys', () => {
    expect(contract.getType('RotateUserKeyPayload')).toBeDefined()
    expect(contract.getType('DecryptPayload')).toBeUndefined()
  })
})
