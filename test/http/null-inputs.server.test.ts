import {
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  getNamedType,
  isInputObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, startStoryForTest } from '../support/story.ts'

/** Fields of an input, or of the items of a batch, that have a default. */
function defaultedFields(mutation: GraphQLField<unknown, unknown>): string[] {
  const input = getNamedType(mutation.args[0]?.type) as GraphQLInputObjectType
  return Object.values(input.getFields()).flatMap((field: GraphQLInputField) => {
    const type = getNamedType(field.type)
    const inner = isInputObjectType(type) ? Object.values(type.getFields()) : []
    return [field, ...inner].flatMap((each) => (each.defaultValue === undefined ? [] : [each.name]))
  })
}

const withDefaults = new Map(
  Object.values(schema.getMutationType()?.getFields() ?? {})
    .map((mutation) => [mutation.name, defaultedFields(mutation)] as const)
    .filter(([, fields]) => fields.length > 0),
)

const message = base64('hello')

describe.skipIf(hasNoDatabase())('null', () => {
  it('means what is not given, for every input of a mutation that has a default', async () => {
    const story = await startStoryForTest()
    const mia = story.as({ name: 'mia', roles: ['KMS_MANAGER'] })
    const agent = story.as({ name: 'Backup', kind: 'SERVICE_AGENT' })
    const make = async (name: string, more: object) =>
      (await mia.mutate('createUserKey', { name, ...more }, 'userKey { id publicKey { pem } }'))['userKey']
    const aes = await make('aes', {})
    const ec = await make('ec', { algorithm: 'EC_P256', usage: 'SIGN_VERIFY' })
    const peer = await make('peer', { algorithm: 'X25519' })
    const peerPublicKey = peer.publicKey.pem.replace(/-----[^-]+-----|\n/g, '')
    const { signature } = await mia.mutate('sign', { key: ec.id, message }, 'signature')
    const signing = { key: ec.id, message }
    const verifying = { version: { key: ec.id, number: 1 }, message, signature }
    const inputs: Readonly<Record<string, [Client, object]>> = {
      sign: [mia, signing],
      signBatch: [mia, signing],
      verify: [mia, verifying],
      verifyBatch: [mia, verifying],
      generateDataKey: [mia, { key: aes.id }],
      generateServiceDataKey: [agent, {}],
      generateRandom: [mia, {}],
      deriveSharedSecret: [mia, { version: { key: peer.id, number: 1 }, peerPublicKey, context: '' }],
    }
    expect(Object.keys(inputs).sort()).toEqual([...withDefaults.keys()].sort())
    for (const [name, [client, input]] of Object.entries(inputs)) {
      const nulls = Object.fromEntries((withDefaults.get(name) ?? []).map((field) => [field, null]))
      const given = { ...input, ...nulls }
      const isBatch = name.endsWith('Batch')
      const selection = isBatch ? 'results { result { __typename } }' : ''
      const result = await client.mutate(name, isBatch ? { items: [given] } : given, selection)
      const typename = isBatch ? result['results'][0].result.__typename : result.__typename
      expect([name, typename]).toEqual([name, expect.stringMatching(/Payload$/)])
    }
    const { userKey } = await mia.ask<{ userKey: { defaultVersion: { usageByCaller: object[] } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { defaultVersion { usageByCaller(days: null) { operations } } } }',
      { id: ec.id },
    )
    expect(userKey.defaultVersion.usageByCaller.length).toBeGreaterThan(0)
  })
})
