/** Bytes that only a root key can open. */
export interface WrappedBytes {
  /** The root key that opens them. */
  readonly rootKeyId: string
  readonly wrapped: Uint8Array
}

/** Takes a warning for the operator: a sentence without a full stop, with nothing secret in it. */
export type Warn = (text: string) => void

/** One root key, whether it is in this process's memory or never leaves an HSM. */
export interface RootKey {
  /** ID of the root key; reveals nothing about the key itself. */
  readonly rootKeyId: string
  /** The same root key under the name that earlier releases gave it; null if there was no other. */
  readonly formerly: RootKey | null
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

/** A place that root keys are in: a file, the environment, an HSM. Every kind of place is exactly this. */
export interface RootKeySource {
  /** IDs of the root keys at hand, the newest first. */
  load(): Promise<readonly RootKey[]>
  /** Adds a root key that becomes the newest, durable before this resolves; null where only the operator can. */
  readonly add: (() => Promise<void>) | null
  /** Removes root keys; null where only the operator can. */
  readonly remove: ((rootKeyIds: readonly string[]) => Promise<void>) | null
  /** Tells an operator how a root key is added and removed where this program cannot, in sentences. */
  readonly advice: { readonly add: string; readonly remove: string }
}

/** The root keys of a server: one wraps, all of them unwrap. */
export interface RootKeyProvider {
  /** The root keys that are held, the newest first: the one to which a rotation leads. */
  readonly rootKeyIds: readonly string[]
  /** The one that wraps: the newest in a new database, and otherwise the one that {@link use} named. */
  readonly current: RootKey
  /**
   * The root key of a name. One that is not known may have been added meanwhile, so that the sources are read again.
   *
   * @throws WrappedBytesError if there is none
   */
  find(rootKeyId: string): Promise<RootKey>
  /**
   * Names root keys as they are named here: what was stored under a former name stays under it. To be called with every
   * name that is stored before names are compared.
   */
  adoptNames(rootKeyIds: readonly string[]): void
  /** Wraps with this root key from now on. */
  use(rootKeyId: string): Promise<void>
  /** Reads the sources again. What is held already stays, also where a source has lost it. */
  reload(): Promise<void>
  /** Resolves while all root keys can be used, else throws RootKeyError. */
  checkHealth(): Promise<void>
  /** See {@link RootKeySource}: of the source that the newest root key is in. */
  readonly add: RootKeySource['add']
  readonly remove: RootKeySource['remove']
  readonly advice: RootKeySource['advice']
}

/** The root key is missing, unreadable, not safe to use or the wrong one. For the operator, never for a caller. */
export class RootKeyError extends Error {}

/** The root key is there, but these bytes do not open with it. */
export class WrappedBytesError extends RootKeyError {}

/** True if the root key is unavailable, as opposed to bytes that it does not unwrap. */
export function isRootKeyUnavailable(error: unknown): error is RootKeyError {
  return error instanceof RootKeyError && !(error instanceof WrappedBytesError)
}
