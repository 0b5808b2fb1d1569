import { findAlgorithm } from '../crypto/algorithms.ts'
import type { WrappedBytes } from '../keyring/root-key-provider.ts'
import type { DomainParts } from './domain-parts.ts'

/** Fresh material for one version of one key, already wrapped: it fits nowhere else. */
export interface NewMaterial {
  readonly versionNumber: number
  readonly wrapped: WrappedBytes
  /** SPKI DER; null for symmetric keys. */
  readonly publicKey: Uint8Array | null
}

/** Makes and wraps material. Slow for RSA: never inside a transaction. */
export async function makeMaterial(
  parts: DomainParts,
  owner: { readonly projectId: string; readonly id: string; readonly algorithm: string },
  versionNumber: number,
): Promise<NewMaterial> {
  const algorithm = findAlgorithm(owner.algorithm)
  if (algorithm === undefined) throw new TypeError(`no algorithm named ${owner.algorithm}`)
  const { secret, publicKey } = await algorithm.generate()
  try {
    const binding = {
      projectId: owner.projectId,
      keyId: owner.id,
      versionNumber,
      algorithm: owner.algorithm,
    }
    return { versionNumber, wrapped: await parts.envelope.wrap(secret, binding), publicKey }
  } finally {
    secret.fill(0)
  }
}
