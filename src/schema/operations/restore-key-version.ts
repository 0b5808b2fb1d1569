import { restoreKeyVersion } from '../../keys/changing/versions.ts'
import { defineVersionMutation } from './define-mutation.ts'

defineVersionMutation('restoreKeyVersion', {
  description: 'Cancels a scheduled destruction. The version is DEACTIVATED again. Needs MANAGE.',
  payload: 'A restored version.',
  change: restoreKeyVersion,
})
