import type { ObjectRef } from '@pothos/core'
import type { KeyVersionChange } from '../../keys/changing/change-key.ts'
import type { UsedVersion } from '../../keys/operations/run-operation.ts'
import type { UserKeyView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { KeyVersion, UserKey } from '../types/refs.ts'

const UserKeyChange = builder
  .interfaceRef<UserKeyView | Pick<KeyVersionChange, 'key'>>('UserKeyChange')
  .implement({
    description:
      'Payload of every mutation that changes a user key, so that one fragment serves after any change.',
    fields: (t) => ({
      userKey: t.field({
        type: UserKey,
        description: 'The key after the change; redacted if the caller has locked itself out.',
        resolve: (change) => ('key' in change ? change.key : change),
      }),
    }),
  })

/** Interfaces of the payload of a mutation that changes a user key. */
export const changeInterfaces = [UserKeyChange]

/** Defines the payload of a mutation that changes a key. */
export function defineKeyPayload(name: string, description: string) {
  return builder.objectRef<UserKeyView>(name).implement({ description, interfaces: changeInterfaces })
}

/** Defines the payload of a mutation that changes a version of a key. */
export function defineVersionPayload(name: string, description: string) {
  return builder.objectRef<KeyVersionChange>(name).implement({
    description,
    interfaces: changeInterfaces,
    fields: (t) => ({
      version: t.field({
        type: KeyVersion,
        description: 'The version that changed.',
        resolve: ({ version }) => version,
      }),
    }),
  })
}

/** Adds to the payload of an operation which key and version it used. */
export function addUsedVersion<T extends UsedVersion>(
  payload: ObjectRef<typeof builder.$inferSchemaTypes, T, T>,
): void {
  builder.objectFields(
    payload as ObjectRef<typeof builder.$inferSchemaTypes, UsedVersion, UsedVersion>,
    (t) => ({
      keyId: t.id({ description: 'The key that was used.', resolve: ({ keyId }) => keyId }),
      versionNumber: t.int({
        description: 'Number of the version that was used.',
        resolve: ({ versionNumber }) => versionNumber,
      }),
    }),
  )
}
