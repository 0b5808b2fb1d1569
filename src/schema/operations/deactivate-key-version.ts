import { deactivateKeyVersion, deactivateKeyVersionBatch } from '../../keys/changing/versions.ts'
import { defineBatchableVersionMutation } from './define-mutation.ts'

defineBatchableVersionMutation('deactivateKeyVersion', {
  description:
    'Stops all use of an ACTIVE version at once, including decryption. It can be activated again. Other replicas of the server follow within their cache lifetime. Needs MANAGE.',
  payload: 'A deactivated version.',
  change: deactivateKeyVersion,
  many: 'Deactivates many versions',
  batch: deactivateKeyVersionBatch,
})
