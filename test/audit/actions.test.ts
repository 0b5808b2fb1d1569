import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { actions } from './trail.ts'

describe('the table of actions on which the audit tests rest', () => {
  it('has every mutation, of a batch the one that each of its items is', () => {
    const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {})
    const batches = mutations.filter((name) => name.endsWith('Batch'))
    const singles = mutations.filter((name) => !name.endsWith('Batch'))
    expect(Object.keys(actions).sort()).toEqual(singles.sort())
    expect(singles).toEqual(expect.arrayContaining(batches.map((name) => name.replace(/Batch$/, ''))))
  })

  it('has another name on record for each', () => {
    expect(new Set(Object.values(actions)).size).toBe(Object.keys(actions).length)
  })
})
