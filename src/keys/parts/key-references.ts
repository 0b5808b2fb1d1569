import { parseId, parseKeyId, startsAsId } from '../../ids.ts'
import { findKey, findKeyIdByName, hasName, type KeyRow } from '../../store/rows/key-rows.ts'
import { InputValidationError } from '../rules/errors.ts'
import { isUserKeyName } from '../rules/input.ts'
import { isServiceKeyName } from '../rules/names.ts'
import type { Dependencies } from './dependencies.ts'

/** Names one version of a key: either by its ID, or by its key and number. */
export interface VersionReference {
  /** `kver_…`. */
  readonly id?: string | null | undefined
  /** ID, name or alias of the key. */
  readonly key?: string | null | undefined
  readonly number?: number | null | undefined
}

/**
 * Reads a reference to a version.
 *
 * @param path of the reference in the input
 * @throws InputValidationError unless it has exactly one of the two forms
 */
export function readVersionReference(
  { id = null, key = null, number = null }: VersionReference,
  path = 'version',
): { readonly id: string } | { readonly key: string; readonly number: number } {
  if (id !== null && key === null && number === null) return { id }
  if (id === null && key !== null && number !== null) return { key, number }
  throw new InputValidationError([
    { path: path.split('.'), message: 'must have either id, or key and number' },
  ])
}

/** What a reference to a key says: one of the IDs of a key, or what can be a name or an alias. */
export type KeyReference = { readonly id: ReturnType<typeof parseId> } | { readonly name: string }

/** Reads a reference to a key. IDs have a prefix that no name has. */
export function readKeyReference(reference: string): KeyReference {
  return startsAsId(reference) ? { id: parseId(reference) } : { name: reference }
}

/**
 * The row that a reference names, in the project of the caller and not verified yet; null if there is none. The database
 * cannot store every string: a name that no key can have is not looked up.
 */
export async function findReferencedRow(
  { store: { db } }: Pick<Dependencies, 'store'>,
  projectId: string,
  reference: string,
): Promise<KeyRow | null> {
  const read = readKeyReference(reference)
  if ('id' in read) {
    const id = parseKeyId(reference)
    return id && findKey(db, { ...id, projectId })
  }
  const { name } = read
  if (isServiceKeyName(name)) return findKey(db, { projectId, kind: 'SERVICE', name })
  const id = isUserKeyName(name) ? await findKeyIdByName(db, { projectId, name }) : null
  const row = id === null ? null : await findKey(db, { projectId, id })
  return row !== null && hasName(row, name) ? row : null
}
