import type { ObjectRef } from '@pothos/core'
import type { UsedVersion } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'

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
