import { getOperationAST, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { documentLimitsRule, valueLimitOf } from '../../src/server/graphql/document-limits.ts'
import { createVariableReader } from '../../src/server/graphql/variables.ts'

/** 101 values for each representation, and 1 for the list. */
const field = (representations: string, alias = 'a') =>
  `${alias}: _entities(representations: ${representations}) { ... on UserKey { ${columns} } }`
const columns = Array.from({ length: 101 }, (_, n) => `c${n}: name`).join(' ')
const one = '{ __typename: "UserKey", id: "x" }'
const listOf = (length: number) => `[${Array(length).fill(one).join()}]`

/** Whether a document is refused for the values that it asks for, before it is executed or with its variables. */
const options = { itemsMaxOf: () => null, showsSchema: false }

function isRefused(text: string, variables: Record<string, unknown> = {}, operationName?: string): boolean {
  const document = parse(text)
  const operation = getOperationAST(document, operationName)
  if (!operation) throw new Error('the document has no such operation')
  const errors: Error[] = [...validate(schema, document, [documentLimitsRule])]
  try {
    const read = createVariableReader(schema, document, operation, options)(variables)
    valueLimitOf(schema, document, operation)?.(read)
  } catch (error) {
    errors.push(error as Error)
  }
  return errors.some(({ message }) => message.includes('more than 50000 values'))
}

describe('the values that representations stand for are counted', () => {
  const inVariable = `query($list: [_Any!]!) { ${field('$list')} }`

  it('in a variable', () => {
    expect(isRefused(inVariable, { list: Array(495).fill({}) })).toBe(false)
    expect(isRefused(inVariable, { list: Array(496).fill({}) })).toBe(true)
  })

  it('in the document', () => {
    expect(isRefused(`{ ${field(listOf(495))} }`)).toBe(false)
    expect(isRefused(`{ ${field(listOf(496))} }`)).toBe(true)
  })

  it('in the default of a variable, which counts only where no value is given', () => {
    const withDefault = `query($list: [_Any!]! = ${listOf(496)}) { ${field('$list')} }`
    expect(isRefused(withDefault)).toBe(true)
    expect(isRefused(withDefault, { list: [{}] })).toBe(false)
  })

  it('once for each field, also in fragments and under aliases', () => {
    const twice = `query($list: [_Any!]!) { ...F ... { ${field('$list', 'b')} } } fragment F on Query { ${field('$list')} }`
    expect(isRefused(twice, { list: Array(247).fill({}) })).toBe(false)
    expect(isRefused(twice, { list: Array(248).fill({}) })).toBe(true)
  })

  it('for the operation that is executed', () => {
    const two = `query A { viewer { subject { id } } } query B($list: [_Any!]!) { ${field('$list')} }`
    const variables = { list: Array(496).fill({}) }
    expect(isRefused(two, variables, 'A')).toBe(false)
    expect(isRefused(two, variables, 'B')).toBe(true)
  })

  it('as one where a single one stands for a list', () => {
    expect(isRefused(inVariable, { list: {} })).toBe(false)
    expect(isRefused(`{ ${field(one)} }`)).toBe(false)
  })
})
