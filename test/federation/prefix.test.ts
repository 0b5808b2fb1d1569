import {
  type GraphQLNamedType,
  isAbstractType,
  isInputObjectType,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  printSchema,
  validate,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'
import { withPrefix } from '../../src/schema/prefix.ts'
import { documentLimitsRule } from '../../src/server/graphql/document-limits.ts'
import { compose, sdlOf } from './subgraphs.ts'

const prefixed = withPrefix(schema, 'Kms')
const roots = ['Query', 'Mutation', 'Subscription']
const entities = ['UserKey', 'ServiceKey', 'KeyVersion', 'EncryptedValue', 'User']

const isKept = (type: GraphQLNamedType) =>
  isScalarType(type) || type.name.startsWith('_') || [...roots, ...entities].includes(type.name)

describe('a prefix', () => {
  it('is before the names of all types but entities, scalars and those of Apollo Federation', () => {
    // Scalars of GraphQL itself are in a schema whether it uses them or not.
    const own = (each: typeof schema) =>
      Object.values(each.getTypeMap()).filter((type) => !isSpecifiedScalarType(type))
    const names = own(schema).map((type) => (isKept(type) ? type.name : `Kms${type.name}`))
    expect(
      own(prefixed)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names.sort())
    expect(names).toEqual(expect.arrayContaining(['KmsRole', 'KmsNode', 'KmsPageInfo', 'KmsConflictError']))
  })

  it('is before the names of all root fields but those of Apollo Federation', () => {
    for (const root of roots) {
      const fieldsIn = (each: typeof schema) =>
        Object.keys((each.getType(root) as ReturnType<typeof schema.getQueryType>)?.getFields() ?? {})
      expect(fieldsIn(prefixed)).toEqual(
        fieldsIn(schema).map((name) =>
          name.startsWith('_') ? name : `kms${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        ),
      )
    }
  })

  it('changes nothing else: without it, the printed schema is the same', () => {
    const printed = printSchema(prefixed)
      .replaceAll(/\bKms(?=[A-Z])/g, '')
      .replaceAll(/^ {2}kms([A-Z])/gm, (_, letter: string) => `  ${letter.toLowerCase()}`)
    expect(printed).toBe(printSchema(schema))
    const oneOf = (each: typeof schema) =>
      Object.values(each.getTypeMap()).filter((type) => isInputObjectType(type) && type.isOneOf).length
    expect(oneOf(prefixed)).toBe(oneOf(schema))
    expect(oneOf(schema)).toBeGreaterThan(0)
  })

  it('leaves the tags and keys of the subgraph where they are', () => {
    const count = (sdl: string, directive: string) => sdl.split(directive).length
    for (const directive of ['@tag(name: "secrets")', '@key(fields: "id"', '@shareable']) {
      expect(count(printSubgraph(prefixed), directive)).toBe(count(printSubgraph(schema), directive))
    }
    expect(
      / kmsEncrypt\(.*\): KmsEncryptResult!? @tag\(name: "secrets"\)/s.test(printSubgraph(prefixed)),
    ).toBe(true)
    expect(/\bkmsNodes?\(/.test(printSubgraph(prefixed))).toBe(false)
  })

  it('leaves the limits of documents as they are', () => {
    const problemsOf = (text: string) => validate(prefixed, parse(text), [documentLimitsRule]).length
    const impacts = (count: number) =>
      `{ ${Array.from({ length: count }, (_, n) => `a${n}: kmsDestroyImpact(versionId: "x") { verdict }`).join(' ')} }`
    expect(problemsOf(impacts(20))).toBe(0)
    expect(problemsOf(impacts(21))).toBe(1)
    const pages = (size: number) =>
      `{ kmsUserKeys(first: ${size}) { nodes { versions(first: ${size}) { nodes { number versionStatus } } } } }`
    expect(problemsOf(pages(128))).toBe(0)
    expect(problemsOf(pages(129))).toBe(1)
  })

  it('is needed where another subgraph has some of the names, and then enough', () => {
    const clashing = { vaults: null, clashing: sdlOf('clashing') }
    expect(compose(clashing).errors.length).toBeGreaterThan(5)
    const { errors, publicSdl } = compose({ ...clashing, keystead: printSubgraph(prefixed) })
    expect(errors).toEqual([])
    expect(publicSdl).toContain('  kmsViewer: KmsViewer')
    expect(publicSdl).toContain('  viewer: Subject\n')
  })

  it('leaves `Node` to another subgraph, which may say that keys implement it', () => {
    const stub = 'type UserKey @key(fields: "id", resolvable: false) {'
    expect(sdlOf('vaults')).toContain(stub)
    const vaults = sdlOf('vaults').replace(stub, stub.replace('UserKey', 'UserKey implements Node'))
    const { errors, publicSdl } = compose({ vaults, keystead: printSubgraph(prefixed) })
    expect(errors).toEqual([])
    const interfaces = /^type UserKey implements ([^{]+) \{/m.exec(publicSdl)?.[1]?.split(' & ')
    expect(interfaces?.sort()).toEqual(['KmsKey', 'KmsNode', 'Node'])
  })

  it('is known to the resolver of every type that stands for several', () => {
    const abstract = Object.values(prefixed.getTypeMap()).filter((type) => isAbstractType(type))
    expect(abstract.length).toBeGreaterThan(20)
    expect(abstract.filter(({ resolveType }) => !resolveType)).toEqual([])
  })
})
