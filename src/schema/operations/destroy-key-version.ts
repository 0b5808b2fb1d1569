import { destroyKeyVersion, destroyKeyVersionBatch } from '../../keys/changing/versions.ts'
import { versionChangeErrors } from '../errors.ts'
import { defineBatchableMutation, expectedRevisionField, versionField } from './define-mutation.ts'
import { defineVersionPayload } from './payloads.ts'

const DestroyKeyVersionPayload = defineVersionPayload(
  'DestroyKeyVersionPayload',
  'A version that is going to be destroyed; `destroyScheduledFor` says when.',
)

defineBatchableMutation('destroyKeyVersion', {
  description:
    'Schedules the destruction of a DEACTIVATED version. When the waiting period ends its material is erased, and nothing that only this version opens can be read again. Needs MANAGE.',
  input: 'The version.',
  fields: (t) => ({
    version: versionField(t, 'The version.'),
    waitingPeriodDays: t.int({
      description:
        'Days until then, 0 to 30; the server has a default (7 unless configured) and may have a minimum. 0 means at once, but not before 20 seconds after the deactivation of the version, unless configured otherwise: until then a request that began before it, or a server that has not noticed it yet, may still use the version. After these 20 seconds the answer shows the version DESTROYED. Before, it shows it DESTROY_SCHEDULED, and housekeeping destroys it within 30 seconds of `destroyScheduledFor`.',
    }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: DestroyKeyVersionPayload,
  errors: versionChangeErrors,
  resolve: ({ parts, call }, input) => destroyKeyVersion(parts, call, input),
  many: 'Schedules the destruction of many versions',
  batch: destroyKeyVersionBatch,
})
