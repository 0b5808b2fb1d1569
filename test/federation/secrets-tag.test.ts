import {
  buildSchema,
  type GraphQLNamedType,
  type GraphQLType,
  getNamedType,
  isInputObjectType,
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

  it('still manages keys', () => {
    expect(contract.getType('RotateUserKeyPayload')).toBeDefined()
    expect(contract.getType('DecryptPayload')).toBeUndefined()
  })
})
