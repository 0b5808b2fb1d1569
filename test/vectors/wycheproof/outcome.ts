import type { KeyObject } from 'node:crypto'
import { findAlgorithm } from '../../../src/crypto/algorithms.ts'
import {
  type AlgorithmEntry,
  type Capability,
  CryptoInputError,
  DecryptionFailedError,
  type KeyUsage,
} from '../../../src/crypto/capabilities.ts'
import { ImportedMaterialError } from '../../../src/crypto/imported-material.ts'
import { atOnce } from '../../crypto/keys.ts'
import type { VectorCase, VectorFile, VectorGroup } from './files.ts'

/** What the product did with a case; a reason instead of that where it has no such operation. */
export type Outcome = 'accepted' | 'refused' | { readonly notApplicable: string }

/**
 * How the cases of a group are tried. Where `offered` is false, the case uses parameters that the product does not
 * have (another length of tag or salt, a label, a context): it must refuse what is valid with these.
 */
export interface GroupCheck {
  offered(test: VectorCase): boolean
  /** The product must refuse everything, also what is invalid with the parameters that it does not have. */
  readonly isRefusedAnyway?: boolean
  attempt(test: VectorCase): Promise<Outcome>
}

/** Finds the check of a group; a reason where the product does nothing of the kind. */
export type FindCheck = (
  file: VectorFile,
  group: VectorGroup,
) => GroupCheck | { readonly notApplicable: string }

/** The result is right or the case has not been passed: an accepted wrong value is no acceptance. */
export class WrongResultError extends Error {}

/** Runs what must give this value; the product's own refusals are the outcome, all other errors are failures. */
export async function acceptedIf(attempt: () => Promise<boolean> | boolean): Promise<Outcome> {
  try {
    return (await attempt()) ? 'accepted' : 'refused'
  } catch (error) {
    if (error instanceof DecryptionFailedError || error instanceof CryptoInputError) return 'refused'
    throw error
  }
}

/** Throws unless both are the same bytes. */
export function requireSame(actual: Uint8Array, expected: Uint8Array): true {
  if (Buffer.compare(actual, expected) !== 0) throw new WrongResultError('accepted, but with another value')
  return true
}

/** The entry and its capability of one kind; null if the table has none. */
export function capabilityOf<K extends Capability['kind']>(
  name: string,
  usage: KeyUsage,
  kind: K,
): { entry: AlgorithmEntry; capability: Extract<Capability, { kind: K }> } | null {
  const entry = findAlgorithm(name)
  const capability = entry?.capabilities[usage]
  if (entry === undefined || capability?.kind !== kind) return null
  return { entry, capability: capability as Extract<Capability, { kind: K }> }
}

/** A key that is loaded; null if it is refused. */
export function keyOrNull(load: () => KeyObject): KeyObject | null {
  try {
    return load()
  } catch {
    return null
  }
}

/** A private key that is imported and then loaded; null if it is refused. */
export async function importedOrNull(entry: AlgorithmEntry, material: Uint8Array): Promise<KeyObject | null> {
  try {
    const { secret } = await entry.readImported(material, atOnce)
    return entry.load(secret)
  } catch (error) {
    if (error instanceof ImportedMaterialError) return null
    throw error
  }
}
