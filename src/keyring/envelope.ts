import type { RootKeyProvider, WrappedBytes } from './root-key-provider.ts'

/** The place that wrapped material belongs to; material that was copied elsewhere does not open. */
export interface MaterialBinding {
  readonly projectId: string
  /** The key's UUID. */
  readonly keyId: string
  readonly versionNumber: number
  readonly algorithm: string
}

/** Wraps and opens the material of key versions. */
export interface Envelope {
  wrap(secret: Uint8Array, binding: MaterialBinding): Promise<WrappedBytes>
  /** The caller zeroes the result as soon as it has made a KeyObject of it. */
  unwrapPlaintextMaterial(wrapped: WrappedBytes, binding: MaterialBinding): Promise<Buffer>
}

/** Envelope encryption under the root key (NIST SP 800-57 Part 1: key-wrapping key). */
export function createEnvelope(provider: RootKeyProvider): Envelope {
  return {
    wrap: (secret, binding) => provider.wrap(secret, associatedData(provider.rootKeyId, binding)),
    unwrapPlaintextMaterial: (wrapped, binding) =>
      provider.unwrap(wrapped, associatedData(wrapped.rootKeyId, binding)),
  }
}

function associatedData(rootKeyId: string, binding: MaterialBinding): Buffer {
  const { projectId, keyId, versionNumber, algorithm } = binding
  return Buffer.from(
    JSON.stringify(['keystead material v1', rootKeyId, projectId, keyId, versionNumber, algorithm]),
  )
}
