/** Bytes that only a root key can open. */
export interface WrappedBytes {
  /** The root key that opens them. */
  readonly rootKeyId: string
  readonly wrapped: Uint8Array
}

/** Where the root key lives. Every provider is exactly this, whether the key is in a file or never leaves an HSM. */
export interface RootKeyProvider {
  /** Names the root key that wraps now; says nothing about the key itself. */
  readonly rootKeyId: string
  /** Encrypts and authenticates; `associatedData` must be given again to unwrap. */
  wrap(plaintext: Uint8Array, associatedData: Uint8Array): Promise<WrappedBytes>
  /**
   * Throws WrappedBytesError if they are of another root key, or they or the associated data were changed; RootKeyError
   * if the root key cannot be used.
   */
  unwrap(wrapped: WrappedBytes, associatedData: Uint8Array): Promise<Buffer>
  /** Resolves while the root key can be used, else throws RootKeyError. */
  checkHealth(): Promise<void>
}

/** The root key is missing, unreadable, not safe to use or the wrong one. For the operator, never for a caller. */
export class RootKeyError extends Error {}

/** The root key is there, but these bytes do not open with it. */
export class WrappedBytesError extends RootKeyError {}
