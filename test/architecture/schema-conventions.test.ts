import {
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  type GraphQLUnionType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'

const ours = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
)
const composite = ours.filter((type) => isObjectType(type) || isInterfaceType(type))
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})

/** Names and types of fields or arguments, defaults included. */
function shapeOf(fields: readonly { name: string; type: unknown; defaultValue?: unknown }[]): string[] {
  return fields.map(
    ({ name, type, defaultValue }) => `${name}: ${String(type)} = ${JSON.stringify(defaultValue ?? null)}`,
  )
}

function typesOf(field: GraphQLField<unknown, unknown> | undefined): string[] {
  return namesOf(getNamedType(field?.type) as GraphQLUnionType)
}

function namesOf(union: GraphQLUnionType): string[] {
  return union
    .getTypes()
    .map(({ name }) => name)
    .sort()
}

function pascal(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

describe('an input with a default', () => {
  it('takes null as well, which many generated clients send for what is not given', () => {
    const inputs = ours.flatMap((type) => (isInputObjectType(type) ? Object.values(type.getFields()) : []))
    const args = composite.flatMap((type) => Object.values(type.getFields()).flatMap((field) => field.args))
    const withDefault = [...inputs, ...args].filter(({ defaultValue }) => defaultValue !== undefined)
    expect(withDefault.length).toBeGreaterThan(10)
    expect(withDefault.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([])
  })
})

describe('every element of the schema', () => {
  it('is described', () => {
    const elements: [string, string | null | undefined][] = []
    for (const type of ours) {
      elements.push([type.name, type.description])
      if (isEnumType(type))
        for (const value of type.getValues()) elements.push([`${type.name}.${value.name}`, value.description])
      if (isInputObjectType(type))
        for (const field of Object.values(type.getFields()))
          elements.push([`${type.name}.${field.name}`, field.description])
    }
    for (const type of composite) {
      for (const field of Object.values(type.getFields())) {
        elements.push([`${type.name}.${field.name}`, field.description])
        for (const arg of field.args)
          elements.push([`${type.name}.${field.name}(${arg.name})`, arg.description])
      }
    }
    for (const directive of schema.getDirectives().filter((each) => !isSpecifiedDirective(each)))
      elements.push([`@${directive.name}`, directive.description])
    expect(elements.length).toBeGreaterThan(400)
    expect(elements.filter(([, text]) => (text ?? '').trim() === '').map(([path]) => path)).toEqual([])
  })
})

describe('the mutation', () => {
  it.each(mutations)('$name takes one input and answers with its payload or an error of its own', (field) => {
    const name = pascal(field.name)
    expect(isNonNullType(field.type)).toBe(false)
    expect(shapeOf(field.args)).toEqual([`input: ${name}Input! = null`])
    expect(String(field.type)).toBe(`${name}Result`)
    expect(isUnionType(field.type)).toBe(true)
    const members = (field.type as GraphQLUnionType).getTypes()
    const errors = members.filter((type) => type.name !== `${name}Payload`)
    expect(errors.length).toBe(members.length - 1)
    // A refusal, and whatever is added later, are found in one place for single operations and batches.
    for (const error of ['InputValidationError', 'ForbiddenError', 'OtherError'])
      expect(errors.map((type) => type.name)).toContain(error)
    for (const error of errors) {
      expect(error.getInterfaces().map((each) => each.name)).toEqual(['UserError'])
      expect(error.name).toMatch(/Error$/)
    }
  })

  it.each(mutations.filter(({ name }) => name.endsWith('Batch')))(
    '$name has the form of its single operation',
    (batch) => {
      const single = mutations.find(({ name }) => `${name}Batch` === batch.name)
      if (single === undefined) throw new Error('a batch of nothing')
      const name = pascal(single.name)
      const inputOf = (type: string) =>
        Object.values((schema.getType(type) as GraphQLInputObjectType).getFields())
      const fieldsOf = (type: string) =>
        Object.values((schema.getType(type) as GraphQLObjectType).getFields())

      expect(shapeOf(inputOf(`${name}BatchInput`))).toEqual([`items: [${name}BatchItemInput!]! = null`])
      expect(shapeOf(inputOf(`${name}BatchItemInput`))).toEqual([
        'reference: String = null',
        ...shapeOf(inputOf(`${name}Input`)),
      ])
      expect(inputOf(`${name}BatchItemInput`).slice(1)).toMatchObject(
        inputOf(`${name}Input`).map(({ description }) => ({ description })),
      )
      expect(shapeOf(fieldsOf(`${name}BatchPayload`))).toEqual([`results: [${name}BatchItem!]! = null`])
      expect(shapeOf(fieldsOf(`${name}BatchItem`))).toEqual([
        'reference: String = null',
        `result: ${name}ItemResult = null`,
      ])
      const item = schema.getType(`${name}ItemResult`) as GraphQLUnionType
      expect(namesOf(item)).toEqual(typesOf(single))
      expect(typesOf(batch)).toEqual(
        [`${name}BatchPayload`, 'ForbiddenError', 'InputValidationError', 'OtherError'].sort(),
      )
    },
  )
})

describe('every connection', () => {
  const connections = composite.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => getNamedType(field.type).name.endsWith('Connection'))
      .map((field) => ({ path: `${type.name}.${field.name}`, field })),
  )

  it.each(connections)('at $path takes the arguments of Relay', ({ field }) => {
    const relay = ['first', 'after', 'last', 'before']
    expect(shapeOf(field.args.filter(({ name }) => relay.includes(name)))).toEqual([
      'first: Int = null',
      'after: String = null',
      'last: Int = null',
      'before: String = null',
    ])
  })

  it.each([...new Set(connections.map(({ field }) => getNamedType(field.type) as GraphQLObjectType))])(
    'of type $name has the fields of Relay, and a count',
    (type) => {
      const item = type.name.replace(/Connection$/, '')
      expect(shapeOf(Object.values(type.getFields()))).toEqual([
        `edges: [${item}Edge!]! = null`,
        `nodes: [${item}!]! = null`,
        'pageInfo: PageInfo! = null',
        'totalCount: Count! = null',
      ])
    },
  )
})
