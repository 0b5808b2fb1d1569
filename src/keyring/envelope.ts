import type { RootKeyProvider, WrappedBytes } from './root-key-provider.ts'

/** The place that wrapped material belongs to; material that was copied elsewhere does not open. */
export interface MaterialBinding {
  readonly projectId: string
  /** The key's UUID. */
  readonly keyId: string
  readonly versionNumber: number
  readonly algorithm: string
}

/** The import that a private wrapping key belongs to. */
export interface ImportKeyBinding {
  readonly projectId: string
  /** The key's UUID. */
  readonly keyId: string
  /** The import parameters' UUID. */
  readonly parametersId: string
}

/** Wraps and opens the material of key versions, and the private keys of imports. */
export interface Envelope {
  wrap(secret: Uint8Array, binding: MaterialBinding): Promise<WrappedBytes>
  /** The caller zeroes the result as soon as it has made a KeyObject of it. */
  unwrapPlaintextMaterial(wrapped: WrappedBytes, binding: MaterialBinding): Promise<Buffer>
  wrapImportKey(privateKey: Uint8Array, binding: ImportKeyBinding): Promise<WrappedBytes>
  /** The caller zeroes the result. */
  unwrapPlaintextImportKey(wrapped: WrappedBytes, binding: ImportKeyBinding): Promise<Buffer>
}

/** Envelope encryption under the root key (NIST SP 800-57 Part 1: key-wrapping key). */
export function createEnvelope(provider: RootKeyProvider): Envelope {
  return {
    wrap: (secret, binding) => provider.wrap(secret, associatedData(provider.rootKeyId, binding)),
    unwrapPlaintextMaterial: (wrapped, binding) =>
      provider.unwrap(wrapped, associatedData(wrapped.rootKeyId, binding)),
    wrapImportKey: (privateKey, binding) =>
      provider.wrap(privateKey, importAssociatedData(provider.rootKeyId, binding)),
    unwrapPlaintextImportKey: (wrapped, binding) =>
      provider.unwrap(wrapped, importAssociatedData(wrapped.rootKeyId, binding)),
  }
}

function associatedData(rootKeyId: string, binding: MaterialBinding): Buffer {
  const { projectId, keyId, versionNumber, algorithm } = binding
  return Buffer.from(
    JSON.stringify(['keystead material v1', rootKeyId, projectId, keyId, versionNumber, algorithm]),
  )
}

function importAssociatedData(rootKeyId: string, binding: ImportKeyBinding): Buffer {
  const { projectId, keyId, parametersId } = binding
  return Buffer.from(JSON.stringify(['keystead import key v1', rootKeyId, projectId, keyId, parametersId]))
}
