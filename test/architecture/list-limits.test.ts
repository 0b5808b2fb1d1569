import { describe, expect, it } from 'vitest'
import { listsOfSchema } from '../../scripts/printed/list-limits.ts'

const lists = listsOfSchema()

describe('every list of the schema', () => {
  it('is found', () => {
    const names = lists.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(50)
    expect(names).toEqual(
      expect.arrayContaining([
        'Query.nodes',
        'Query.nodes(ids)',
        'KeyVersion.usageByCaller',
        'UserKeyFilter.status',
        'InputValidationError.issues',
      ]),
    )
  })

  it.each(lists)('$name has a limit, and its description says it', ({ element }) => {
    const { itemsMax } = element.extensions
    const words =
      typeof itemsMax === 'number'
        ? `At most ${itemsMax === 1 ? 'one entry' : `${itemsMax.toLocaleString('en')} entries`}.`
        : { ONE_FOR_EACH_VALUE: 'as the enum has values.', BATCH_ITEMS_MAX: 'At most 500 entries' }[
            itemsMax ?? 'ONE_FOR_EACH_VALUE'
          ]
    expect(itemsMax).toBeDefined()
    expect(element.description).toContain(words)
    // A list in a list would need a second limit.
    expect(String(element.type).match(/\[/g)).toHaveLength(1)
  })
})
