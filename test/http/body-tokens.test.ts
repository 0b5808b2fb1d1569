import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyTokensMax, hasMoreTokens } from '../../src/server/http/receive-body.ts'

/** Names, texts, and characters that begin or separate values. */
function tokensIn(value: unknown): number {
  if (typeof value === 'string') return 1
  if (typeof value !== 'object' || value === null) return 0
  const members = Array.isArray(value)
    ? value.map(tokensIn)
    : Object.values(value).map((each) => 2 + tokensIn(each))
  return members.reduce((sum, tokens) => sum + tokens, 1 + Math.max(0, members.length - 1))
}

describe('tokens of a body', () => {
  it('are counted up to a limit, however the JSON is written', () => {
    const texts = fc.oneof(fc.string(), fc.constantFrom('"', '\\', '\\"', '\\\\', '{[,:', 'ü"ü'))
    const json = fc.json({ stringUnit: 'binary' }).map((text) => JSON.parse(text) as unknown)
    const value = fc.oneof(json, fc.array(texts), fc.dictionary(texts, texts))
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (sent, indent) => {
        const body = Buffer.from(JSON.stringify(sent, null, indent))
        const tokens = tokensIn(sent)
        expect(hasMoreTokens(body, tokens)).toBe(false)
        if (tokens > 0) expect(hasMoreTokens(body, tokens - 1)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it.each(['"', '"\\', '{"a', '"a\\"', ''])('of what is no JSON are counted, too: %s', (text) => {
    expect(hasMoreTokens(Buffer.from(text), 10)).toBe(false)
  })

  it.each([
    [500, 25_000],
    [10_000, 500_000],
  ])('may be as many as a batch of %d items needs twice', (BATCH_ITEMS_MAX, tokensMax) => {
    expect(bodyTokensMax({ BATCH_ITEMS_MAX })).toBe(tokensMax)
    const item = {
      version: { key: '', number: 1 },
      ciphertext: '',
      additionalAuthenticatedData: '',
      reference: '',
    }
    const items = Array.from({ length: BATCH_ITEMS_MAX }, () => item)
    expect(tokensIn({ query: '', variables: { input: { items } } }) * 2).toBeLessThanOrEqual(tokensMax)
  })
})
