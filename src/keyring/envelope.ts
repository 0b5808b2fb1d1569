import { lockRootKeyId } from '../store/rows/installation-row.ts'
import type { Queryable } from '../store/sql.ts'
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
  /** ID of the root key that is in use now, and stays in use until the transaction ends. */
  lockRootKey(tx: Queryable): Promise<string>
  /**
   * Material as the transaction that stores it must store it: under the root key that the transaction has locked, which can
   * have changed since it was wrapped.
   */
  settle(
    rootKeyId: string,
    all: readonly { readonly wrapped: WrappedBytes; readonly binding: MaterialBinding }[],
  ): Promise<readonly WrappedBytes[]>
  /** The same for the private key of an import, whose transaction locks the root key here. */
  settleImportKey(tx: Queryable, wrapped: WrappedBytes, binding: ImportKeyBinding): Promise<WrappedBytes>
}

/** Associated data of wrapped material for a root key. */
type DataForRootKey = (rootKeyId: string) => Buffer

/** Envelope encryption under the root key (NIST SP 800-57 Part 1: key-wrapping key). */
export function createEnvelope(provider: RootKeyProvider): Envelope {
  async function wrap(secret: Uint8Array, dataFor: DataForRootKey): Promise<WrappedBytes> {
    const key = provider.current
    return key.wrap(secret, dataFor(key.rootKeyId))
  }
  async function unwrap(wrapped: WrappedBytes, dataFor: DataForRootKey): Promise<Buffer> {
    const key = await provider.find(wrapped.rootKeyId)
    return key.unwrap(wrapped, dataFor(key.rootKeyId))
  }
  async function lockRootKey(tx: Queryable): Promise<string> {
    const rootKeyId = await lockRootKeyId(tx)
    if (provider.current.rootKeyId !== rootKeyId) await provider.use(rootKeyId)
    return rootKeyId
  }
  return {
    wrap: (secret, binding) => wrap(secret, materialData(binding)),
    unwrapPlaintextMaterial: (wrapped, binding) => unwrap(wrapped, materialData(binding)),
    wrapImportKey: (privateKey, binding) => wrap(privateKey, importKeyData(binding)),
    unwrapPlaintextImportKey: (wrapped, binding) => unwrap(wrapped, importKeyData(binding)),
    lockRootKey,
    settle: (rootKeyId, all) =>
      Promise.all(
        all.map(({ wrapped, binding }) => rewrap(provider, wrapped, rootKeyId, materialData(binding))),
      ),
    async settleImportKey(tx, wrapped, binding) {
      return rewrap(provider, wrapped, await lockRootKey(tx), importKeyData(binding))
    },
  }
}

/** The same secret under another root key; the bytes themselves where they are under it already. */
export async function rewrap(
  provider: RootKeyProvider,
  wrapped: WrappedBytes,
  rootKeyId: string,
  dataFor: DataForRootKey,
): Promise<WrappedBytes> {
  if (wrapped.rootKeyId === rootKeyId) return wrapped
  const [from, to] = [await provider.find(wrapped.rootKeyId), await provider.find(rootKeyId)]
  const secret = await from.unwrap(wrapped, dataFor(from.rootKeyId))
  try {
    return await to.wrap(secret, dataFor(to.rootKeyId))
  } finally {
    secret.fill(0)
  }
}

/** Associated data of a version's material. */
export function materialData(binding: MaterialBinding): DataForRootKey {
  const { projectId, keyId, versionNumber, algorithm } = binding
  return (rootKeyId) =>
    Buffer.from(
      JSON.stringify(['keystead material v1', rootKeyId, projectId, keyId, versionNumber, algorithm]),
    )
}

/** Associated data of an import's private key. */
export function importKeyData(binding: ImportKeyBinding): DataForRootKey {
  const { projectId, keyId, parametersId } = binding
  return (rootKeyId) =>
    Buffer.from(JSON.stringify(['keystead import key v1', rootKeyId, projectId, keyId, parametersId]))
}
