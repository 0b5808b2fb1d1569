import { freshRandomBytes } from '../../crypto/random.ts'
import type { DomainParts } from '../parts/parts.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import type { Call } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import { type OperationRequest, runOperation } from './run-operation.ts'

/** Most random bytes of one request. */
export const randomBytesMax = 1024

/** Random bytes of OpenSSL's generator (NIST SP 800-90A), combined with those of the kernel's, with no key. */
export function generateRandom(parts: DomainParts, call: Call, bytes: number): Promise<Buffer> {
  const request: OperationRequest<number, Buffer> = {
    action: 'GENERATE_RANDOM',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(length, attempt) {
      attempt.details = { bytes: length }
      requireInput(length >= 1 && length <= randomBytesMax, 'bytes', `must be 1 to ${randomBytesMax}`)
      return freshRandomBytes(length)
    },
  }
  return runOperation(parts, call, request, bytes)
}
