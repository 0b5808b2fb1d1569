import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { schema } from '../../src/schema/index.ts'
import { createKnownDocuments, createOperations } from '../../src/server/graphql/operations.ts'

describe('documents that are known', () => {
  it('are found by their text', () => {
    const known = createKnownDocuments()
    const text = '{ viewer { projectId } }'
    const document = parse(text)
    known.add(text, document)
    expect([known.find(text), known.find(`${text} `)]).toEqual([document, null])
  })

  it('have operations that are found by their name, and prepared once', () => {
    const find = createOperations(schema, readConfig({}))
    const document = parse('query A { viewer { projectId } } mutation B { __typename }')
    const found = find(document, 'B')
    expect(found).toMatchObject({ node: { operation: 'mutation' } })
    expect(find(document, 'A')).toMatchObject({ node: { operation: 'query' } })
    expect(find(document, 'B')).toBe(found)
    // The request does not say which of the two, or there is no such operation.
    for (const name of [null, undefined, '', 'C', 'constructor']) expect(find(document, name)).toBeNull()
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
      known.find(used)
      return add(`long ${n}`, 25_000)
    })
    expect([used, unused, long[0], long[39]].map((text) => known.find(text ?? '') !== null)).toEqual([
      true,
      false,
      false,
      true,
    ])
  })
})
