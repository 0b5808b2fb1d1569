import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
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
  // Node draws the random bits of these for many at once; the version is the one digit to replace.
  return `${timeOfUuid(Date.now())}-7${randomUUID().slice(15)}`
}

/** Many IDs are made in a millisecond, and its digits are most of the work. */
const lastTime = { ms: -1, digits: '' }

function timeOfUuid(ms: number): string {
  if (ms !== lastTime.ms) {
    const digits = ms.toString(16).padStart(12, '0')
    lastTime.ms = ms
    lastTime.digits = `${digits.slice(0, 8)}-${digits.slice(8)}`
  }
  return lastTime.digits
}

/** A fresh random UUID (RFC 9562 §5.4) that says nothing about when it was made; for IDs that stand in for another. */
export function newOpaqueUuid(): string {
  return randomUUID()
}

/** The same few IDs come and go all the time, and their conversion costs more than what is done with a small message. */
const convertedMax = 10_000
const texts = new LRUCache<string, string>({ max: convertedMax })
const parsed = new LRUCache<string, ParsedId>({ max: convertedMax })

/** What an ID says. */
interface ParsedId {
  readonly kind: IdKind
  readonly uuid: string
}

/** The TypeID text of a UUID: prefix, `_`, 26 characters of Crockford base32. */
export function formatId(kind: IdKind, uuid: string): string {
  const name = `${kind} ${uuid}`
  const known = texts.get(name)
  if (known !== undefined) return known
  const text = TypeID.fromUUID(idPrefixes[kind], uuid).toString()
  texts.set(name, text)
  return text
}

/** Reads a TypeID; null for anything that is not the one spelling of an ID of a known kind. */
export function parseId(text: string): ParsedId | null {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const id = readTypeId(text)
  if (id !== null) parsed.set(text, id)
  return id
}

function readTypeId(text: string): ParsedId | null {
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
