import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core'
import type { GraphQLResolveInfo } from 'graphql'
import { type BatchableChange, changeInBatch } from '../../keys/changing/change-batch.ts'
import type { KeyVersionChange } from '../../keys/changing/change-key.ts'
import type { restoreKeyVersion } from '../../keys/changing/versions.ts'
import { type BatchOperation, runBatch } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { changeBatchItemsMax } from '../../keys/rules/input.ts'
import { builder, type InputFieldBuilder } from '../builder.ts'
import type { Context } from '../context.ts'
import { asResultError, type ErrorClass, resultErrors, versionChangeErrors } from '../errors.ts'
import { KeyVersionRef } from '../types/key-version.ts'
import { defineBatchInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { defineVersionPayload } from './payloads.ts'

type SchemaTypes = typeof builder.$inferSchemaTypes

/** An input in which a default stands for every null, and for what is not given. */
type Filled<Input, Defaults> = Omit<Input, keyof Defaults> & {
  readonly [Field in keyof Defaults & keyof Input]: NonNullable<Input[Field]>
}

interface MutationDefinition<Fields extends InputFieldMap, Output, Defaults extends object> {
  /** Description of the mutation. */
  readonly description: string
  /** Description of its input. */
  readonly input: string
  readonly fields: (t: InputFieldBuilder) => Fields
  /**
   * Values that stand for null: the default values of its fields. Many clients send null for what their caller did not
   * give.
   */
  readonly defaults?: Defaults
  readonly payload: ObjectRef<SchemaTypes, Output, Output>
  /** Errors that the caller can act on: further members of the union of its results. */
  readonly errors: readonly ErrorClass[]
  readonly resolve: (
    context: Context,
    input: Filled<InputShapeFromFields<Fields>, Defaults>,
    info: GraphQLResolveInfo,
  ) => Promise<Output>
}

interface BatchableDefinition<Fields extends InputFieldMap, Output, Defaults extends object>
  extends MutationDefinition<Fields, Output, Defaults> {
  /** What the batch does, as the beginning of its description, e.g. `Encrypts many items`. */
  readonly many: string
  readonly batch: BatchOperation<never, Output> | BatchableChange<never, Output>
}

/**
 * Defines a mutation with the type of its one input. It is open to every caller with a verified token: the functions of
 * `keys` check permissions, and record refusals.
 *
 * @param name in camelCase, e.g. `rotateUserKey`
 */
export function defineMutation<
  Fields extends InputFieldMap,
  Output,
  Defaults extends object = Record<never, never>,
>(name: string, definition: MutationDefinition<Fields, Output, Defaults>): void {
  const { description, input, fields, payload, errors, resolve } = definition
  const Input = builder.inputType(`${pascalCase(name)}Input`, { description: input, fields })
  builder.mutationField(name, (t) =>
    t.field({
      type: payload as ObjectRef<SchemaTypes, unknown, unknown>,
      nullable: true,
      description,
      authScopes: { authenticated: true },
      args: { input: t.arg({ type: Input, required: true, description: input }) },
      errors: { types: resultErrors(errors) as never[] },
      resolve(_root, args, context, info) {
        const { input: given } = args as unknown as { input: object }
        return withResultErrors(errors, () =>
          resolve(context, filled(given, definition.defaults) as never, info),
        )
      },
    }),
  )
}

/**
 * Defines the mutation of an operation or a change that has a batch form, and that of the batch.
 *
 * @param name of the single operation in camelCase, e.g. `encrypt`
 */
export function defineBatchableMutation<
  Fields extends InputFieldMap,
  Output extends object,
  Defaults extends object = Record<never, never>,
>(name: string, definition: BatchableDefinition<Fields, Output, Defaults>): void {
  const { many, batch, payload, errors, input, fields } = definition
  const isChange = 'change' in batch
  const itemsMax = isChange ? changeBatchItemsMax : 'BATCH_ITEMS_MAX'
  defineMutation(name, definition)
  const typeName = pascalCase(name)
  const Input = defineBatchInput(typeName, { description: input, fields, itemsMax })
  const Payload = defineBatchPayload(typeName, { payload: payload as never, errors, itemsMax })
  builder.mutationField(`${name}Batch`, (t) =>
    t.field({
      type: Payload,
      nullable: true,
      description: `${many}${isChange ? ofChanges : ofOperations}`,
      authScopes: { authenticated: true },
      args: { input: t.arg({ type: Input, required: true, description: 'The batch.' }) },
      errors: { types: resultErrors(batchErrors) as never[] },
      async resolve(_root, { input: { items } }, { parts, call }) {
        const given = items.map((item) => filled(item, definition.defaults)) as never[]
        const run = () =>
          isChange ? changeInBatch(parts, call, batch, given) : runBatch(parts, call, batch, given)
        return pairOutcomes(items, await withResultErrors(batchErrors, run))
      },
    }),
  )
}

const ofOperations =
  ', each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.'

const ofChanges =
  '. Each item is a change of its own, with its own record; one that fails does not fail the others. Items of one key are carried out in their order; a second item for the same key, or for the same version where items name versions, is refused with InputValidationError. An `expectedRevision` counts the changes of earlier items, too. If the request times out, what was done stays done.'

/** Definition of a mutation that changes the state of one version of a key. */
interface VersionMutation {
  readonly description: string
  /** Description of the payload. */
  readonly payload: string
  readonly change: typeof restoreKeyVersion
}

/** Defines a mutation that changes the state of one version of a key. */
export function defineVersionMutation(name: string, definition: VersionMutation): void {
  defineMutation(name, versionMutation(name, definition))
}

/** Defines a mutation that changes the state of one version of a key, and its batch. */
export function defineBatchableVersionMutation(
  name: string,
  definition: VersionMutation & Pick<BatchableDefinition<never, KeyVersionChange, never>, 'many' | 'batch'>,
): void {
  const { many, batch } = definition
  defineBatchableMutation(name, { ...versionMutation(name, definition), many, batch })
}

function versionMutation(name: string, { description, payload, change }: VersionMutation) {
  return {
    description,
    input: 'The version.',
    fields: (t: InputFieldBuilder) => ({
      version: versionField(t, 'The version.'),
      expectedRevision: expectedRevisionField(t),
    }),
    payload: defineVersionPayload(`${pascalCase(name)}Payload`, payload),
    errors: versionChangeErrors,
    resolve: ({ parts, call }: Context, input: Parameters<typeof change>[2]) => change(parts, call, input),
  }
}

/** Errors of a batch as a whole. */
const batchErrors = [InputValidationError] as const

/** The output of a mutation, or its error as one of its results. */
async function withResultErrors<Output>(
  errors: readonly ErrorClass[],
  run: () => Promise<Output>,
): Promise<Output> {
  try {
    return await run()
  } catch (error) {
    throw asResultError(error, errors)
  }
}

/** An input with its defaults. */
function filled(input: object, defaults: object = {}): object {
  const missing = Object.entries(defaults).filter(
    ([name]) => (input as Record<string, unknown>)[name] === null,
  )
  return missing.length === 0 ? input : { ...input, ...Object.fromEntries(missing) }
}

/** Input field for the user key that a mutation is about. */
export function keyField(t: InputFieldBuilder, description = 'The key: its ID, name or alias.') {
  return t.field({ type: 'KeyRef', required: true, description })
}

/** Input field for the version of a user key that a mutation is about. */
export function versionField(t: InputFieldBuilder, description: string) {
  return t.field({ type: KeyVersionRef, required: true, description })
}

/** Input field that guards against acting on an outdated view of the key. */
export function expectedRevisionField(t: InputFieldBuilder) {
  return t.int({ description: 'Refuse with ConflictError unless the key still has this revision.' })
}

function pascalCase(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
