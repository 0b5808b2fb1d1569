import type { InputFieldMap } from '@pothos/core'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'

type InputFieldBuilder = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>

/**
 * Defines the inputs of an operation that has a batch form: its own, and that of a batch, whose items have the same
 * fields and a reference.
 *
 * @param name of the single operation in PascalCase, e.g. `Encrypt`
 */
export function defineBatchableInput<Fields extends InputFieldMap>(
  name: string,
  description: string,
  fieldsOf: (t: InputFieldBuilder) => Fields,
) {
  const single = builder.inputType(`${name}Input`, { description, fields: fieldsOf })
  const item = builder.inputType(`${name}BatchItemInput`, {
    description,
    fields: (t) => ({
      reference: t.string({
        description: 'Any text by which the caller recognises the item; given back with its result.',
      }),
      ...fieldsOf(t),
    }),
  })
  const batch = builder.inputType(`${name}BatchInput`, {
    description: 'A batch, within the limits of the server (500 items and 1 MiB unless configured).',
    fields: (t) => ({
      items: t.field({ type: [item], required: true, ...listOptions('BATCH_ITEMS_MAX', 'The items.') }),
    }),
  })
  return { single, batch }
}
