import { activateKeyVersion } from '../../keys/changing/versions.ts'
import { defineVersionMutation } from './define-mutation.ts'

defineVersionMutation('activateKeyVersion', {
  description: 'Brings a DEACTIVATED version back into use. Needs MANAGE.',
  payload: 'An activated version.',
  change: activateKeyVersion,
})
