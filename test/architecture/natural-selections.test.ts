import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isIntrospectionType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const printed = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'))

/**
 * Fields that have two types within one union or interface, with these types. A document that selects such a field of
 * two members is refused (GraphQL §5.3.2, "Field Selection Merging"), unless it gives an alias to one of them.
 */
function clashesOf(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .flatMap((abstract) => {
      const types = new Map<string, Set<string>>()
      // The implementing interfaces are listed since a fragment can be on them.
      const { interfaces } = isInterfaceType(abstract)
        ? schema.getImplementations(abstract)
        : { interfaces: [] }
      const own = isUnionType(abstract) ? [] : [abstract]
      for (const type of [...own, ...interfaces, ...schema.getPossibleTypes(abstract)]) {
        for (const field of Object.values(type.getFields()))
          types.set(field.name, (types.get(field.name) ?? new Set()).add(String(field.type)))
      }
      return [...types]
        .filter(([, different]) => different.size > 1)
        .map(([field, different]) => `${abstract.name}.${field}: ${[...different].toSorted().join(', ')}`)
    })
}

/** Scalars of our own without the address of their specification. */
function unspecifiedScalars(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isScalarType(type) && !isSpecifiedScalarType(type))
    .filter((type) => !isScalarType(type) || !type.specifiedByURL)
    .map(({ name }) => name)
}

describe('the name of a field', () => {
  it('has one type within every union and every interface', () => {
    const abstract = Object.values(printed.getTypeMap()).filter(
      (type) => isAbstractType(type) && !isIntrospectionType(type),
    )
    expect(abstract.length).toBeGreaterThan(45)
    expect(clashesOf(printed)).toEqual([])
  })

  it.each([
    ['two members of a union', 'union U = A | B type A { x: Int } type B { x: ID }', ['U.x: ID, Int']],
    ['one that can be null', 'union U = A | B type A { x: Int } type B { x: Int! }', ['U.x: Int, Int!']],
    [
      'a list with entries that can be null',
      'union U = A | B type A { x: [Int]! } type B { x: [Int!]! }',
      ['U.x: [Int!]!, [Int]!'],
    ],
    [
      'types of one interface, in a field that it does not have',
      'interface I { id: ID } type A implements I { id: ID x: Int } type B implements I { id: ID x: ID }',
      ['I.x: ID, Int'],
    ],
    [
      'an interface and a narrower field of its type',
      'interface I { x: I } type A implements I { x: A }',
      ['I.x: A, I'],
    ],
    [
      'an interface and one that implements it',
      'interface I { x: Int } interface J implements I { x: Int! } type A implements I & J { x: Int! }',
      ['I.x: Int, Int!'],
    ],
  ])('that has two is found: %s', (_what, definitions, clashes) => {
    expect(clashesOf(buildSchema(definitions))).toEqual(clashes)
  })

  it('may have two types in different unions', () => {
    const apart = 'union U = A | C union V = B | C type A { x: Int } type B { x: ID } type C { y: Int }'
    expect(clashesOf(buildSchema(apart))).toEqual([])
  })
})

describe('a scalar', () => {
  it('names its specification, unless GraphQL has it built in', () => {
    expect(Object.values(printed.getTypeMap()).filter(isScalarType).length).toBeGreaterThan(10)
    expect(unspecifiedScalars(printed)).toEqual([])
  })

  it('of our own is specified by a section of a page that is there', () => {
    const ours = Object.values(printed.getTypeMap())
      .filter(isScalarType)
      .flatMap(({ specifiedByURL }) => specifiedByURL ?? [])
      .filter((url) => !url.startsWith('https://'))
    expect(ours).toHaveLength(3)
    for (const url of ours) {
      const [page = '', section = ''] = url.split('#')
      const headings = [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ `?(.+?)`?$/gm)]
      expect(
        headings.map(([, heading = '']) => heading.toLowerCase()),
        url,
      ).toContain(section)
    }
  })

  it('that names none is found', () => {
    const schema = buildSchema(
      'scalar A scalar B @specifiedBy(url: "https://example.org/b") scalar C @specifiedBy(url: "") type Query { a: A s: String }',
    )
    expect(unspecifiedScalars(schema)).toEqual(['A', 'C'])
  })
})
