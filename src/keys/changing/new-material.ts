import { findAlgorithm } from '../../crypto/algorithms.ts'
import type { AlgorithmEntry, GeneratedMaterial } from '../../crypto/capabilities.ts'
import { isPublicKeyOf } from '../../crypto/public-key.ts'
import { newUuid } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { type WrappedBytes, WrappedBytesError } from '../../keyring/root-key-provider.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import { findNextMaterial } from '../../store/rows/key-set-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { type AuditContext, slowWorkOf } from '../parts/request.ts'

/** New material for one version of one key, wrapped and bound to both. */
export interface NewMaterial {
  readonly versionNumber: number
  /** UUID of the version. */
  readonly versionId: string
  readonly wrapped: WrappedBytes
  /** SPKI DER; null for symmetric keys. */
  readonly publicKey: Uint8Array | null
}

/** Key that material is made for. */
export interface MaterialOwner {
  readonly projectId: string
  readonly id: string
  /** Name in the algorithm table. */
  readonly algorithm: string
}

/** New material that is not wrapped yet. Its maker erases it. */
export interface UnwrappedMaterial {
  /** Wraps it for one version of its key. May be called again with another number if that one is taken. */
  wrapFor(versionNumber: number): Promise<NewMaterial>
  erase(): void
}

/**
 * Makes material for a key. Slow for RSA: never inside a transaction.
 *
 * @throws the reason of the context's signal, if the request was abandoned meanwhile
 */
export async function generateMaterial(
  parts: Dependencies,
  owner: MaterialOwner,
  context: Pick<AuditContext, 'actor' | 'signal' | 'charge'>,
): Promise<UnwrappedMaterial> {
  const entry = algorithmOf(owner)
  const work = slowWorkOf(parts, context, { algorithm: entry.name, operation: 'GENERATE' })
  const material = materialOf(parts, owner, await entry.generate(work))
  if (context.signal?.aborted) material.erase()
  context.signal?.throwIfAborted()
  return material
}

/** The row of the algorithm table that a key was made from. */
export function algorithmOf(owner: Pick<MaterialOwner, 'algorithm'>): AlgorithmEntry {
  const algorithm = findAlgorithm(owner.algorithm)
  if (algorithm === undefined) throw new TypeError(`no algorithm named ${owner.algorithm}`)
  return algorithm
}

/** Material for a key, which takes over the bytes. */
export function materialOf(
  parts: Dependencies,
  owner: MaterialOwner,
  { secret, publicKey }: GeneratedMaterial,
): UnwrappedMaterial {
  return {
    async wrapFor(versionNumber) {
      const wrapped = await parts.envelope.wrap(secret, bindingOf(owner, versionNumber))
      return { versionNumber, versionId: newUuid(), wrapped, publicKey }
    },
    erase: () => void secret.fill(0),
  }
}

/** Binding of the material of a version. */
export function bindingOf({ projectId, id: keyId, algorithm }: MaterialOwner, versionNumber: number) {
  return { projectId, keyId, versionNumber, algorithm }
}

/** Makes and wraps material for a version. */
export async function makeMaterial(
  parts: Dependencies,
  owner: MaterialOwner,
  versionNumber: number,
  context: Pick<AuditContext, 'actor' | 'signal' | 'charge'>,
): Promise<NewMaterial> {
  const material = await generateMaterial(parts, owner, context)
  try {
    return await material.wrapFor(versionNumber)
  } finally {
    material.erase()
  }
}

/**
 * Finds the material that was made ahead for a version of a published key; null if none was. Throws IntegrityError if it is
 * not that of the published public key, such as material of a former next version that was put back.
 */
export async function findMadeAhead(
  { envelope }: Pick<Dependencies, 'envelope'>,
  db: Queryable,
  row: KeyRow,
  versionNumber: number,
): Promise<NewMaterial | null> {
  const next = row.keySet?.next
  if (next?.number !== versionNumber) return null
  const found = await findNextMaterial(db, row.id)
  if (found?.number !== versionNumber) {
    throw new IntegrityError('key', row.id, 'the material of its next version is missing')
  }
  const { rootKeyId, wrapped } = found
  const material = {
    versionNumber,
    versionId: next.id,
    wrapped: { rootKeyId, wrapped },
    publicKey: Buffer.from(next.publicKey, 'base64'),
  }
  await requirePublished(envelope, row, material)
  return material
}

/** Throws IntegrityError unless wrapped material is the private key of the public key. */
async function requirePublished(
  envelope: Dependencies['envelope'],
  row: KeyRow,
  { versionNumber, versionId, wrapped, publicKey }: NewMaterial & { readonly publicKey: Uint8Array },
): Promise<void> {
  const secret = await envelope
    .unwrapPlaintextMaterial(wrapped, bindingOf(row, versionNumber))
    .catch((error: unknown) => {
      throw error instanceof WrappedBytesError ? new IntegrityError('key material', versionId) : error
    })
  try {
    if (isPublicKeyOf(algorithmOf(row).load(secret), publicKey)) return
  } finally {
    secret.fill(0)
  }
  throw new IntegrityError('key material', versionId, 'it is not that of the published public key')
}
