import type { AuditAction } from '../../audit/events.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import { findKey } from '../../store/rows/key-rows.ts'
import { createKey } from '../changing/create-key.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { auditContextOf } from '../parts/request.ts'
import { isServiceName, type RequestContext } from '../rules/caller.ts'
import { type AssociatedInput, detailsOfContext } from '../rules/encryption-context.ts'
import { ForbiddenError, InvalidCiphertextError, UnavailableError } from '../rules/errors.ts'
import { serviceKeyName } from '../rules/names.ts'
import { generateDataKey } from './data-keys.ts'
import { type DecryptOutput, openCiphertext } from './decrypt.ts'
import { encrypt } from './encrypt.ts'
import type { KeyOfInput, KeyOperation } from './key-operation.ts'
import type { Operation, UsedVersion } from './run-operation.ts'

interface ServiceDecryptInput extends AssociatedInput {
  readonly ciphertext: Uint8Array
}

/** Encrypts under the caller's service key. The first use creates the key. */
export const encryptWithServiceKey = onServiceKey('SERVICE_ENCRYPT', encrypt)

/** Generates a data key under the caller's service key. The first use creates the key. */
export const generateServiceDataKey = onServiceKey('SERVICE_GENERATE_DATA_KEY', generateDataKey)

/** Decrypts what the caller's service key encrypted. */
export const decryptWithServiceKey: Operation<ServiceDecryptInput, DecryptOutput> = {
  action: 'SERVICE_DECRYPT',
  authorise: requireServiceAgent,
  async run(request, input) {
    const { parts, call, context } = request
    context.details = detailsOfContext(input.context)
    const opened = await openCiphertext(request, input, async (header) => {
      const key = await findServiceKey(parts, call)
      if (key === null || key.row.id !== header.keyId) throw new InvalidCiphertextError()
      context.keyId = key.row.id
      context.algorithm = key.row.algorithm
      return key
    })
    return opened.output
  },
}

/** An operation on user keys, for the service key of the calling service. */
function onServiceKey<Input extends AssociatedInput, Output>(
  action: AuditAction,
  operation: KeyOperation<Input, KeyOfInput, Output>,
): Operation<Input, Output & UsedVersion> {
  return {
    action,
    authorise: requireServiceAgent,
    async run(request, input) {
      request.context.details = detailsOfContext(input.context)
      const key = await findOrCreateServiceKey(request.parts, request.call)
      return operation.runOn(request, key, null, input)
    },
  }
}

async function findServiceKey(parts: Dependencies, call: RequestContext): Promise<CachedKey | null> {
  const { projectId } = call.caller
  const name = serviceKeyName(call.caller.name)
  const place = JSON.stringify([projectId, name])
  const id =
    parts.serviceKeyIds.get(place) ??
    (await findKey(parts.store.db, { projectId, kind: 'SERVICE', name }))?.id
  if (id === undefined) return null
  const key = await parts.keys.get(projectId, id)
  // A service key is never deleted or renamed, so its ID stays right.
  if (key !== null) parts.serviceKeyIds.set(place, id)
  return key
}

async function findOrCreateServiceKey(parts: Dependencies, call: RequestContext): Promise<CachedKey> {
  const existing = await findServiceKey(parts, call)
  if (existing !== null) return existing
  await createServiceKey(parts, call)
  // Also if a racing agent created it first.
  const created = await findServiceKey(parts, call)
  if (created === null) throw new UnavailableError()
  return created
}

/** Only a service's own token gives access to its key; no role does. */
function requireServiceAgent(call: RequestContext): void {
  if (call.caller.kind !== 'SERVICE_AGENT' || !isServiceName(call.caller.name)) {
    throw new ForbiddenError(
      'Only a service itself may use its service key, with a token of kind SERVICE_AGENT.',
    )
  }
}

async function createServiceKey(parts: Dependencies, call: RequestContext): Promise<void> {
  const { caller } = call
  const name = serviceKeyName(caller.name)
  const context = auditContextOf(call, 'CREATE_SERVICE_KEY')
  context.details = { name }
  await createKey(parts, context, {
    projectId: caller.projectId,
    kind: 'SERVICE',
    name,
    serviceName: caller.name,
    usage: 'ENCRYPT_DECRYPT',
    algorithm: 'AES_256_GCM',
    origin: 'KEYSTEAD',
    createdBy: caller.subject,
    rotationEnabled: true,
    preActivation: false,
  })
}
