import { freshRandomBytes } from '../../crypto/secrets.ts'
import { requireRoleFor } from '../parts/request.ts'
import { operationPermissions } from '../rules/access.ts'
import { requireInput } from '../rules/input.ts'
import type { Operation } from './run-operation.ts'

/** Most random bytes of one request. */
const randomBytesMax = 1024

/** Random bytes from OpenSSL's generator (NIST SP 800-90A), combined with the kernel's. No key is involved. */
export const generateRandom: Operation<{ readonly lengthBytes: number }, Buffer> = {
  action: 'GENERATE_RANDOM',
  authorise: (call) => requireRoleFor(call, ...operationPermissions),
  async run({ context }, { lengthBytes }) {
    context.details = { bytes: lengthBytes }
    requireInput(
      lengthBytes >= 1 && lengthBytes <= randomBytesMax,
      'lengthBytes',
      `must be 1 to ${randomBytesMax}`,
    )
    return freshRandomBytes(lengthBytes)
  },
}
