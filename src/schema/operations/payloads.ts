import type { ObjectRef } from '@pothos/core'
import type { KeyVersionChange } from '../../keys/changing/change-key.ts'
import type { restoreKeyVersion } from '../../keys/changing/versions.ts'
import type { UsedVersion } from '../../keys/operations/run-operation.ts'
import type { UserKeyView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { versionChangeErrors } from '../errors.ts'
import { KeyVersion, UserKey } from '../types/refs.ts'

/** Defines the payload of a mutation that changes a key. */
export function defineKeyPayload(name: string, description: string) {
  return builder.objectRef<UserKeyView>(name).implement({
    description,
    fields: (t) => ({
      userKey: t.field({ type: UserKey, description: 'The key after the change.', resolve: (key) => key }),
    }),
  })
}

/** Defines the payload of a mutation that changes a version of a key. */
export function defineVersionPayload(name: string, description: string) {
  return builder.objectRef<KeyVersionChange>(name).implement({
    description,
    fields: (t) => ({
      userKey: t.field({
        type: UserKey,
        description: 'The key after the change.',
        resolve: ({ key }) => key,
      }),
      version: t.field({
        type: KeyVersion,
        description: 'The version that changed.',
        resolve: ({ version }) => version,
      }),
    }),
  })
}

/**
 * Defines a mutation that changes the state of one version of a key.
 *
 * @param name in camelCase, e.g. `restoreKeyVersion`
 */
export function defineVersionMutation(
  name: string,
  {
    description,
    payload,
    change,
  }: {
    readonly description: string
    /** Description of the payload. */
    readonly payload: string
    readonly change: typeof restoreKeyVersion
  },
): void {
  const typeName = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const Input = builder.inputType(`${typeName}Input`, {
    description: 'The version.',
    fields: (t) => ({
      keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
      version: t.int({ required: true, description: 'Number of the version.' }),
      expectedRevision: t.int({
        description: 'Refuse with ConflictError unless the key still has this revision.',
      }),
    }),
  })
  const Payload = defineVersionPayload(`${typeName}Payload`, payload)
  builder.mutationField(name, (t) =>
    t.field({
      type: Payload,
      nullable: true,
      description,
      authScopes: { authenticated: true },
      args: { input: t.arg({ type: Input, required: true, description: 'The version.' }) },
      errors: { types: [...versionChangeErrors] },
      resolve: (_root, { input }, { parts, call }) => change(parts, call, input),
    }),
  )
}

/** Adds to the payload of an operation which key and version it used. */
export function addUsedVersion<T extends UsedVersion>(
  payload: ObjectRef<typeof builder.$inferSchemaTypes, T, T>,
): void {
  builder.objectFields(
    payload as ObjectRef<typeof builder.$inferSchemaTypes, UsedVersion, UsedVersion>,
    (t) => ({
      keyId: t.id({ description: 'The key that was used.', resolve: ({ keyId }) => keyId }),
      version: t.int({ description: 'The version that was used.', resolve: ({ version }) => version }),
    }),
  )
}
