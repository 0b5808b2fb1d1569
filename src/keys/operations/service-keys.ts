import type { AuditAction } from '../../audit/events.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import { findKey } from '../../store/rows/key-rows.ts'
import { createKey } from '../changing/create-key.ts'
import type { DomainParts } from '../parts/parts.ts'
import { type Attempt, attemptOfCall } from '../requests/audit-context.ts'
import { type Call, isServiceName } from '../rules/caller.ts'
import { ForbiddenError, InvalidCiphertextError, UnavailableError } from '../rules/errors.ts'
import { rotationCycleDays } from '../rules/input.ts'
import { serviceKeyName } from '../rules/service-name.ts'
import type { DecryptInput, DecryptOutput, EncryptInput, EncryptOutput } from './cipher.ts'
import { encryptWith, openCiphertext } from './cipher.ts'
import type { DataKeyOutput, GenerateDataKeyInput } from './data-keys.ts'
import { generateUnder } from './data-keys.ts'
import { type OperationRequest, runOperation } from './run-operation.ts'

/** Encrypts under the caller's service key, which the first encryption creates. */
export function encryptWithServiceKey(
  parts: DomainParts,
  call: Call,
  input: Omit<EncryptInput, 'keyId'>,
): Promise<EncryptOutput> {
  const request = serviceOperation(call, 'SERVICE_ENCRYPT', async (item: typeof input, attempt) =>
    encryptWith(parts, await findOrCreateServiceKey(parts, call), attempt, item),
  )
  return runOperation(parts, call, request, input)
}

/** Decrypts what the caller's service key encrypted. */
export function decryptWithServiceKey(
  parts: DomainParts,
  call: Call,
  input: Pick<DecryptInput, 'ciphertext' | 'additionalAuthenticatedData'>,
): Promise<DecryptOutput> {
  const request = serviceOperation(call, 'SERVICE_DECRYPT', async (item: typeof input, attempt) => {
    const { ciphertext, additionalAuthenticatedData: associatedData } = item
    const opened = await openCiphertext(parts, attempt, { ciphertext, associatedData }, async (header) => {
      const key = await findServiceKey(parts, call)
      if (key === null || key.row.id !== header.keyId) throw new InvalidCiphertextError()
      attempt.keyId = key.row.id
      attempt.algorithm = key.row.algorithm
      return key
    })
    return opened.output
  })
  return runOperation(parts, call, request, input)
}

/** Makes a data key under the caller's service key, which the first use creates. */
export function generateServiceDataKey(
  parts: DomainParts,
  call: Call,
  input: Omit<GenerateDataKeyInput, 'keyId'>,
  disclosePlaintext: boolean,
): Promise<DataKeyOutput> {
  const request = serviceOperation(call, 'SERVICE_GENERATE_DATA_KEY', async (item: typeof input, attempt) =>
    generateUnder(parts, await findOrCreateServiceKey(parts, call), attempt, { ...item, disclosePlaintext }),
  )
  return runOperation(parts, call, request, input)
}

function serviceOperation<Input, Output>(
  call: Call,
  action: AuditAction,
  run: (input: Input, attempt: Attempt) => Promise<Output>,
): OperationRequest<Input, Output> {
  return { action, authorise: () => requireAgent(call), run }
}

async function findServiceKey(parts: DomainParts, call: Call): Promise<CachedKey | null> {
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

async function findOrCreateServiceKey(parts: DomainParts, call: Call): Promise<CachedKey> {
  const existing = await findServiceKey(parts, call)
  if (existing !== null) return existing
  await createServiceKey(parts, call)
  // Also if a racing agent created it first.
  const created = await findServiceKey(parts, call)
  if (created === null) throw new UnavailableError()
  return created
}

/** Only a service's own token speaks for a service; no role makes up for that. */
function requireAgent(call: Call): void {
  if (call.caller.kind !== 'SERVICE_AGENT' || !isServiceName(call.caller.name)) {
    throw new ForbiddenError(
      'Only a service itself may use its service key, with a token of kind SERVICE_AGENT.',
    )
  }
}

async function createServiceKey(parts: DomainParts, call: Call): Promise<void> {
  const { caller } = call
  const name = serviceKeyName(caller.name)
  const attempt = attemptOfCall(call, 'CREATE_SERVICE_KEY')
  attempt.details = { name }
  await createKey(parts, attempt, {
    projectId: caller.projectId,
    kind: 'SERVICE',
    name,
    description: '',
    serviceName: caller.name,
    usage: 'ENCRYPT_DECRYPT',
    algorithm: 'AES_256_GCM',
    origin: 'KEYSTEAD',
    createdBy: caller.subject,
    owner: null,
    accessControlEnabled: false,
    allowedSubjects: [],
    rotationEnabled: true,
    rotationCycleDays: rotationCycleDays.default,
    preActivation: false,
  })
}
