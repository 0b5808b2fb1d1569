import type { InputFieldMap, ObjectRef } from '@pothos/core'
import type { BatchOutput } from '../../keys/parts/request.ts'
import { builder, type InputFieldBuilder } from '../builder.ts'
import { asResultError, type ErrorClass, resultErrors } from '../errors.ts'
import { type ListLimit, listOptions } from '../list-limits.ts'

type SchemaTypes = typeof builder.$inferSchemaTypes

/** One item's outcome with what the caller marked the item with. */
interface BatchItem<T> {
  readonly reference: string | null
  readonly outcome: T | Error
}

/** The outcomes of a batch with the references of its items, in order. */
export interface Batch<T> {
  readonly items: readonly BatchItem<T>[]
}

/** Puts the outcomes of a batch beside the references of its items. */
export function pairOutcomes<T>(
  items: readonly { readonly reference?: string | null | undefined }[],
  outcomes: BatchOutput<T>,
): Batch<T> {
  return {
    items: outcomes.map((outcome, index) => ({ reference: items[index]?.reference ?? null, outcome })),
  }
}

/**
 * Defines the payload of a batch: a list of items, each with the single operation's payload or an error of its own.
 *
 * @param name of the single operation in PascalCase, e.g. `Encrypt`
 */
export function defineBatchPayload<T extends object>(
  name: string,
  {
    payload,
    errors,
    itemsMax,
  }: {
    readonly payload: ObjectRef<SchemaTypes, T, T>
    readonly errors: readonly ErrorClass[]
    readonly itemsMax: ListLimit
  },
) {
  const Item = builder.objectRef<BatchItem<T>>(`${name}BatchItem`).implement({
    description: 'One item of a batch.',
    fields: (t) => ({
      reference: t.string({
        nullable: true,
        description: 'The `reference` of the item, as the caller gave it.',
        resolve: ({ reference }) => reference,
      }),
      result: t.field({
        type: payload,
        nullable: true,
        description: 'The result of the item; null, with a top-level error, if the server failed.',
        errors: {
          types: resultErrors(errors) as never[],
          union: {
            name: `${name}ItemResult`,
            description: 'Result of one item: the same as for the single operation.',
          },
        },
        resolve({ outcome }) {
          if (outcome instanceof Error) throw asResultError(outcome, errors)
          return outcome as never
        },
      }),
    }),
  })
  return builder.objectRef<Batch<T>>(`${name}BatchPayload`).implement({
    description: 'The items of a batch in their order.',
    fields: (t) => ({
      results: t.field({
        type: [Item],
        ...listOptions(itemsMax, 'One for each item.'),
        resolve: ({ items }) => [...items],
      }),
    }),
  })
}

/**
 * Defines the input of a batch. Its items have the fields of the single operation, and a reference.
 *
 * @param name of the single operation in PascalCase, e.g. `Encrypt`
 */
export function defineBatchInput<Fields extends InputFieldMap>(
  name: string,
  {
    description,
    fields: fieldsOf,
    itemsMax,
  }: {
    /** Description of an item. */
    readonly description: string
    readonly fields: (t: InputFieldBuilder) => Fields
    readonly itemsMax: ListLimit
  },
) {
  const item = builder.inputType(`${name}BatchItemInput`, {
    description,
    fields: (t) => ({
      reference: t.string({
        description: 'Any string by which the caller recognises the item. Returned with its result.',
      }),
      ...fieldsOf(t),
    }),
  })
  return builder.inputType(`${name}BatchInput`, {
    description:
      itemsMax === 'BATCH_ITEMS_MAX'
        ? 'A batch, within the limits of the server (500 items and 1 MiB unless configured).'
        : 'A batch of changes.',
    fields: (t) => ({
      items: t.field({ type: [item], required: true, ...listOptions(itemsMax, 'The items.') }),
    }),
  })
}
