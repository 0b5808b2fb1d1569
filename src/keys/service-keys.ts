import { LRUCache } from 'lru-cache'
import type { AuditAction } from '../audit/events.ts'
import type { CachedKey } from '../keyring/key-cache.ts'
import { findKey } from '../store/key-rows.ts'
import { type Attempt, attemptOfCall } from './attempt.ts'
import { type Call, isServiceName } from './caller.ts'
import { encryptWith, openCiphertext } from './cipher.ts'
import { createKey } from './create-key.ts'
import { generateUnder } from './data-keys.ts'
import type {
  DataKeyOutput,
  DecryptInput,
  DecryptOutput,
  EncryptInput,
  EncryptOutput,
  GenerateDataKeyInput,
} from './domain.ts'
import type { DomainParts } from './domain-parts.ts'
import { ForbiddenError, InvalidCiphertextError, UnavailableError } from './errors.ts'
import { rotationCycleDays } from './input.ts'
import { type OperationRequest, runOperation } from './operation.ts'
import { serviceKeyName } from './service-name.ts'

/** What a service may do with its own key. */
export interface ServiceKeyOperations {
  encrypt(call: Call, input: Omit<EncryptInput, 'keyId'>): Promise<EncryptOutput>
  decrypt(
    call: Call,
    input: Pick<DecryptInput, 'ciphertext' | 'additionalAuthenticatedData'>,
  ): Promise<DecryptOutput>
  generateDataKey(
    call: Call,
    input: Omit<GenerateDataKeyInput, 'keyId'>,
    disclosePlaintext: boolean,
  ): Promise<DataKeyOutput>
}

/** Most service keys whose IDs are remembered by name. */
const knownKeysMax = 10_000

/** Operations for service agents; the key of a service is made by the first encryption that it asks for. */
export function createServiceKeyOperations(parts: DomainParts): ServiceKeyOperations {
  // A service key is never deleted or renamed, so its ID, once found, stays right.
  const knownIds = new LRUCache<string, string>({ max: knownKeysMax })

  async function findServiceKey(call: Call): Promise<CachedKey | null> {
    const { projectId } = call.caller
    const name = serviceKeyName(call.caller.name)
    const place = JSON.stringify([projectId, name])
    const id =
      knownIds.get(place) ?? (await findKey(parts.store.db, { projectId, kind: 'SERVICE', name }))?.id
    if (id === undefined) return null
    const key = await parts.keys.get(projectId, id)
    if (key !== null) knownIds.set(place, id)
    return key
  }

  async function findOrCreateServiceKey(call: Call): Promise<CachedKey> {
    const existing = await findServiceKey(call)
    if (existing !== null) return existing
    await createServiceKey(parts, call)
    // Whoever of two racing agents was first: now there is one.
    const created = await findServiceKey(call)
    if (created === null) throw new UnavailableError()
    return created
  }

  function request<Input, Output>(
    call: Call,
    action: AuditAction,
    run: (input: Input, attempt: Attempt) => Promise<Output>,
  ): OperationRequest<Input, Output> {
    return { action, authorise: () => requireAgent(call), run }
  }

  return {
    encrypt: (call, input) =>
      runOperation(
        parts,
        call,
        request(call, 'SERVICE_ENCRYPT', async (item: Omit<EncryptInput, 'keyId'>, attempt) =>
          encryptWith(parts, await findOrCreateServiceKey(call), attempt, item),
        ),
        input,
      ),
    decrypt: (call, input) =>
      runOperation(
        parts,
        call,
        request(
          call,
          'SERVICE_DECRYPT',
          async (item: Pick<DecryptInput, 'ciphertext' | 'additionalAuthenticatedData'>, attempt) => {
            const { ciphertext, additionalAuthenticatedData: associatedData } = item
            const { output } = await openCiphertext(
              parts,
              attempt,
              { ciphertext, associatedData },
              async (header) => {
                const key = await findServiceKey(call)
                if (key === null || key.row.id !== header.keyId) throw new InvalidCiphertextError()
                attempt.keyId = key.row.id
                attempt.algorithm = key.row.algorithm
                return key
              },
            )
            return output
          },
        ),
        input,
      ),
    generateDataKey: (call, input, disclosePlaintext) =>
      runOperation(
        parts,
        call,
        request(
          call,
          'SERVICE_GENERATE_DATA_KEY',
          async (item: Omit<GenerateDataKeyInput, 'keyId'>, attempt) =>
            generateUnder(parts, await findOrCreateServiceKey(call), attempt, { ...item, disclosePlaintext }),
        ),
        input,
      ),
  }
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
