import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../../crypto/derive.ts'

/** Values of the row that a cursor stands for. */
export type CursorValues = readonly (string | number)[]

const tagBytes = 16

/**
 * Seals a place in a list: the row's order values, which its viewers see anyway, and a MAC that binds them to this
 * list. A cursor without MAC would let a caller seek to rows of its own choosing, one with an ID would show it.
 */
export function sealCursor(key: KeyObject, list: string, values: CursorValues): string {
  const body = Buffer.from(JSON.stringify(values))
  return Buffer.concat([tagOf(key, list, body), body]).toString('base64url')
}

/** The values of a cursor of exactly this list; null for everything else. */
export function openCursor(key: KeyObject, list: string, cursor: string): CursorValues | null {
  const bytes = Buffer.from(cursor, 'base64url')
  const body = bytes.subarray(tagBytes)
  if (bytes.length <= tagBytes || !constantTimeEqual(tagOf(key, list, body), bytes.subarray(0, tagBytes)))
    return null
  return JSON.parse(body.toString()) as CursorValues
}

function tagOf(key: KeyObject, list: string, body: Buffer): Buffer {
  const frame = JSON.stringify(['keystead cursor v1', list, body.toString('base64')])
  return hmacSha256(key, frame).subarray(0, tagBytes)
}
