import type { MacCapability } from '../../crypto/capabilities.ts'
import type { DomainParts } from '../parts/parts.ts'
import { keyIdOf } from '../reading/make-views.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import type { BatchOutput, UsedVersion } from './run-operation.ts'
import { type OperationRequest, runBatch, runOperation } from './run-operation.ts'
import type { VerifyOutput } from './signature.ts'
import { capabilityFor, defaultVersionForUse, findVersion, versionForUse } from './usable-version.ts'

export interface GenerateMacInput {
  readonly keyId: string
  readonly message: Uint8Array
}

export interface VerifyMacInput extends GenerateMacInput {
  readonly version: number
  readonly mac: Uint8Array
}

export interface GenerateMacOutput extends UsedVersion {
  readonly mac: Buffer
}

/** Makes a MAC with the default version of a key. */
export function generateMac(
  parts: DomainParts,
  call: Call,
  input: GenerateMacInput,
): Promise<GenerateMacOutput> {
  return runOperation(parts, call, generation(parts, call), input)
}

/** Makes many MACs, each with its own key. */
export function generateMacBatch(
  parts: DomainParts,
  call: Call,
  items: readonly GenerateMacInput[],
): Promise<BatchOutput<GenerateMacOutput>> {
  return runBatch(parts, call, generation(parts, call), { items, sizeOf: (item) => item.message.length })
}

/** Checks a MAC with the version that the caller names. */
export function verifyMac(parts: DomainParts, call: Call, input: VerifyMacInput): Promise<VerifyOutput> {
  return runOperation(parts, call, verification(parts, call), input)
}

function generation(parts: DomainParts, call: Call): OperationRequest<GenerateMacInput, GenerateMacOutput> {
  return {
    action: 'GENERATE_MAC',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const key = await findUserKeyFor(parts, call, input.keyId, { permission: 'USE', attempt })
      const capability = macCapabilityOf(parts, key, input.message)
      const version = await defaultVersionForUse(key, parts.clock.certainNow())
      attempt.versionNumber = version.number
      const mac = capability.generate(await key.secretKey(version), input.message)
      return { keyId: keyIdOf(key.row), version: version.number, mac }
    },
  }
}

function verification(parts: DomainParts, call: Call): OperationRequest<VerifyMacInput, VerifyOutput> {
  return {
    action: 'VERIFY_MAC',
    authorise: () => requireRoleFor(call, 'USE'),
    async run(input, attempt) {
      const key = await findUserKeyFor(parts, call, input.keyId, { permission: 'USE', attempt })
      const capability = macCapabilityOf(parts, key, input.message)
      const row = await findVersion(key, input.version)
      attempt.versionNumber = row.number
      const version = versionForUse(key, row, parts.clock.certainNow())
      const valid = capability.verify(await key.secretKey(version), input.message, input.mac)
      attempt.details = { valid }
      return { keyId: keyIdOf(key.row), version: version.number, valid }
    },
  }
}

function macCapabilityOf(
  parts: DomainParts,
  key: Parameters<typeof capabilityFor>[0],
  message: Uint8Array,
): MacCapability {
  const capability = capabilityFor(key, 'GENERATE_VERIFY_MAC', ['mac'])
  const { itemBytesMax } = parts.settings
  requireInput(message.length <= itemBytesMax, 'message', `must have at most ${itemBytesMax} bytes`)
  return capability
}
