import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptedTypes } from '../../src/server/answer.ts'

const graphql = 'application/graphql-response+json'
const json = 'application/json'
const sse = 'text/event-stream'

/** Accept header → media type of a result, media type of an error outside of GraphQL, whether streams are taken. */
const table: [string | null, string, string, boolean][] = [
  // Nothing said, or anything.
  [null, json, json, false],
  ['', json, json, false],
  ['*/*', json, json, false],
  ['application/*', json, json, false],
  ['*/*;q=0.1', json, json, false],
  // One by name.
  [json, json, json, false],
  [graphql, graphql, graphql, false],
  [sse, sse, json, true],
  ['text/*', sse, json, true],
  ['Application/JSON', json, json, false],
  [' application/json ', json, json, false],
  // Several: the order of the header decides.
  [`${graphql}, ${json}`, graphql, graphql, false],
  [`${json}, ${graphql}`, json, graphql, false],
  [`${json}, ${sse}`, json, json, true],
  [`${sse}, ${json}`, sse, json, true],
  [`${json},${graphql},multipart/mixed`, json, graphql, false],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', json, json, false],
  // What is named comes before what a wildcard covers.
  [`*/*, ${graphql}`, graphql, graphql, false],
  [`*/*, ${json}`, json, json, false],
  [`*/*, ${sse}`, sse, json, true],
  [`application/*, ${graphql}`, graphql, graphql, false],
  // Weights come before the order.
  [`${json};q=0.5, ${graphql}`, graphql, graphql, false],
  [`${graphql};q=0.5, ${json}`, json, json, false],
  [`${graphql};q=0.001, ${json};q=0.000`, graphql, graphql, false],
  [`${sse};q=0.1, ${json};q=0.2`, json, json, true],
  [`${graphql};q=0.8, */*;q=0.9`, json, json, false],
  // A range of weight 0 takes its type out of a wider range.
  [`${json};q=0, */*`, graphql, graphql, false],
  [`application/*;q=0, */*`, sse, json, true],
  [`${json};q=0, ${graphql};q=0.0, */*`, sse, json, true],
  [`${sse};q=0, */*`, json, json, false],
  // Parameters: all is in UTF-8, others count for nothing.
  [`${graphql}; charset=utf-8`, graphql, graphql, false],
  [`${graphql}; charset="UTF-8"; q=0.3, ${json}; q=0.2`, graphql, graphql, false],
  [`${graphql}; charset=latin1, ${json}`, json, json, false],
  [`${json};version=1`, json, json, false],
  // What clients with incremental delivery or subscriptions over multipart send: neither is offered.
  [
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9',
    graphql,
    graphql,
    false,
  ],
  ['multipart/mixed;deferSpec=20220824, application/json', json, json, false],
  // What cannot be read counts for nothing.
  [`${graphql};q=high, ${json}`, json, json, false],
  [`${graphql};q=2, ${json}`, json, json, false],
  [`nonsense, ;, /, ${json}`, json, json, false],
]

const unsatisfiable = [
  'multipart/mixed',
  'text/html',
  'application/xml, text/plain',
  'application/json;charset=utf-16',
  'application/json;q=0',
  '*/*;q=0',
  'nonsense',
  ',',
  'application/json;q=-1',
]

describe('the media type of an answer', () => {
  it.each(table)('for Accept: %s is %s', (accept, result, error, takesStream) => {
    expect(acceptedTypes(accept)).toEqual({ result, error, takesStream })
  })

  it.each(unsatisfiable)('for Accept: %s is none', (accept) => {
    expect(acceptedTypes(accept)).toBeNull()
  })

  it('is one that the header takes, whatever it says', () => {
    const range = fc.tuple(
      fc.constantFrom('*/*', 'application/*', 'text/*', json, graphql, sse, 'multipart/mixed', 'text/html'),
      fc.constantFrom('', ';q=0', ';q=0.1', ';q=0.9', ';q=1'),
    )
    fc.assert(
      fc.property(fc.array(range, { minLength: 1 }), (ranges) => {
        const weightOf = (mediaType: string) => {
          const [main] = mediaType.split('/')
          for (const wanted of [mediaType, `${main}/*`, '*/*']) {
            const found = ranges.find(([type]) => type === wanted)
            if (found !== undefined) return found[1] === '' ? 1 : Number(found[1].slice(3))
          }
          return 0
        }
        const best = Math.max(...[json, graphql, sse].map(weightOf))
        const accepted = acceptedTypes(ranges.map((parts) => parts.join('')).join(', '))
        expect(accepted === null ? 0 : weightOf(accepted.result)).toBe(best)
      }),
    )
  })
})
