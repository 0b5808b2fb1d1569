import { parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { withPrefix } from '../../src/schema/prefix.ts'
import { documentLimitsRule } from '../../src/server/graphql/document-limits.ts'

const prefixed = withPrefix(schema, 'Kms')

/** The keys of a batch with a page of records each: `first` times 10 values for each item. */
function isRefused(first: number, where = schema): boolean {
  const name = where === schema ? '' : 'Kms'
  const field = where === schema ? 'labelUserKeyBatch' : 'kmsLabelUserKeyBatch'
  const columns = Array.from({ length: 10 }, (_, n) => `c${n}: action`).join(' ')
  const text = `mutation($input: ${name}LabelUserKeyBatchInput!) { ${field}(input: $input) {
    ... on ${name}LabelUserKeyBatchPayload { results { result { ... on ${name}LabelUserKeyPayload {
      userKey { auditEvents(first: ${first}) { nodes { ${columns} } } } } } } } } }`
  const errors = validate(where, parse(text), [documentLimitsRule])
  return errors.some(({ message }) => message.includes('more than 50000 values'))
}

describe('the values that the items of a batch of changes answer', () => {
  it('are counted for as many items as a batch may have', () => {
    expect(isRefused(40)).toBe(false)
    expect(isRefused(50)).toBe(true)
  })

  it('are counted where names have a prefix, too', () => {
    expect(isRefused(40, prefixed)).toBe(false)
    expect(isRefused(50, prefixed)).toBe(true)
  })
})
