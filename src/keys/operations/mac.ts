import { requireBytesAtMost } from '../rules/input.ts'
import { defineKeyOperation, type KeyInUse, type KeyOfInput } from './key-operation.ts'
import type { BatchOperation, UsedVersion } from './run-operation.ts'

interface MacInput {
  readonly message: Uint8Array
}

interface VerifyMacInput extends MacInput {
  readonly mac: Uint8Array
}

export interface GenerateMacOutput extends UsedVersion {
  readonly mac: Buffer
}

/** Generates a MAC with the default version of a key. */
export const generateMac = defineKeyOperation({
  action: 'GENERATE_MAC',
  permission: 'GENERATE_MAC',
  usage: 'GENERATE_VERIFY_MAC',
  kinds: ['mac'],
  version: 'default',
  checkInput: requireMessageSize,
  async run({ key, capability, version }, { message }: MacInput) {
    return { mac: capability.generate(await key.secretKey(version), message) }
  },
})

/** Generates many MACs, each with its own key. */
export const generateMacBatch: BatchOperation<MacInput & KeyOfInput, GenerateMacOutput> = {
  operation: generateMac,
  bytesOf: ({ message }) => message.length,
}

/** Verifies a MAC with the version that the caller names. */
export const verifyMac = defineKeyOperation({
  action: 'VERIFY_MAC',
  permission: 'VERIFY_MAC',
  usage: 'GENERATE_VERIFY_MAC',
  kinds: ['mac'],
  version: 'named',
  checkInput: requireMessageSize,
  async run({ context, key, capability, version }, { message, mac }: VerifyMacInput) {
    const valid = capability.verify(await key.secretKey(version), message, mac)
    context.details = { valid }
    return { valid }
  },
})

function requireMessageSize({ parts }: KeyInUse<'mac'>, { message }: MacInput): void {
  requireBytesAtMost(parts.settings.itemBytesMax, 'message', message)
}
