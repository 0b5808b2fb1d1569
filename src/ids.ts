import { randomBytes, randomUUID } from 'node:crypto'
import { TypeID } from 'typeid-js'

/** What an ID names; the prefix is the first part of its TypeID. */
export const idPrefixes = {
  userKey: 'ukey',
  serviceKey: 'skey',
  keyVersion: 'kver',
  redactedKey: 'rkey',
  auditEvent: 'audt',
  importParameters: 'impt',
} as const

/** A kind of ID. */
export type IdKind = keyof typeof idPrefixes

const kindsByPrefix = new Map<string, IdKind>(
  Object.entries(idPrefixes).map(([kind, prefix]) => [prefix, kind as IdKind]),
)

/**
 * A fresh UUIDv7 (RFC 9562 §5.7): time-ordered, for primary keys. All 74 bits beside the time are random, without a
 * counter, since a neighbour's ID must not tell this one: a part of it is shown for redacted keys.
 */
export function newUuid(): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A fresh random UUID (RFC 9562 §5.4) that says nothing about when it was made; for IDs that stand in for another. */
export function newOpaqueUuid(): string {
  return randomUUID()
}

/** The TypeID text of a UUID: prefix, `_`, 26 characters of Crockford base32. */
export function formatId(kind: IdKind, uuid: string): string {
  return TypeID.fromUUID(idPrefixes[kind], uuid).toString()
}

/** Reads a TypeID; null for anything that is not the one spelling of an ID of a known kind. */
export function parseId(text: string): { kind: IdKind; uuid: string } | null {
  const kind = kindsByPrefix.get(text.slice(0, text.indexOf('_')))
  if (kind === undefined || text.length !== idPrefixes[kind].length + 27) return null
  try {
    const uuid = TypeID.fromString(text).toUUID()
    // One ID has one spelling: caches, audit records and answers compare IDs as text.
    return formatId(kind, uuid) === text ? { kind, uuid } : null
  } catch {
    return null
  }
}

/** Prefix, `…` and the last six characters of an ID: enough for people to tell keys apart, not unique. */
export function partialId(id: string): string {
  return `${id.slice(0, id.indexOf('_') + 1)}…${id.slice(-6)}`
}
