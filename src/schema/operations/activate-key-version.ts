import { activateKeyVersion } from '../../keys/changing/versions.ts'
import { defineVersionMutation } from './define-mutation.ts'

defineVersionMutation('activateKeyVersion', {
  description:
    'Brings a DEACTIVATED version back into use. The default version signs at once, also if verifiers of a published key set have dropped its public key meanwhile. Needs MANAGE.',
  payload: 'An activated version.',
  change: activateKeyVersion,
})
