import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createKnownDocuments } from '../../src/server/graphql/known-documents.ts'

describe('documents that are known', () => {
  it('are found by their text and the name of one of their operations', () => {
    const known = createKnownDocuments()
    const text = 'query A { viewer { projectId } } mutation B { __typename }'
    const document = parse(text)
    known.add(text, document)
    expect(known.find(text, 'B')).toMatchObject({ document, operation: { operation: 'mutation' } })
    expect(known.find(text, 'A')).toMatchObject({ operation: { operation: 'query' } })
    expect(known.find(text, 'B')).toMatchObject({ operation: { operation: 'mutation' } })
    // Which of the two is not said, or there is no such operation, or no such document.
    for (const name of [null, undefined, '', 'C', 'constructor']) expect(known.find(text, name)).toBeNull()
    expect(known.find(`${text} `, 'A')).toBeNull()
    expect([known.parsed(text), known.parsed(`${text} `)]).toEqual([document, null])
  })

  it('are forgotten when others take their room, by their length: the one first that was not asked for', () => {
    const known = createKnownDocuments()
    const add = (name: string, length: number) => {
      const text = `{ viewer { projectId } } # ${name} `.padEnd(length, '.')
      known.add(text, parse(text))
      return text
    }
    const [used, unused] = [add('used', 100), add('unused', 100)]
    const long = Array.from({ length: 40 }, (_, n) => {
      known.find(used, null)
      return add(`long ${n}`, 25_000)
    })
    expect([used, unused, long[0], long[39]].map((text) => known.find(text ?? '', null) !== null)).toEqual([
      true,
      false,
      false,
      true,
    ])
  })
})
