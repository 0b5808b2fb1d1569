import { hash, randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { TypeID } from 'typeid-js'

/** Kinds of IDs, with the prefixes of their TypeIDs. */
const idPrefixes = {
  userKey: 'ukey',
  serviceKey: 'skey',
  keyVersion: 'kver',
  redactedKey: 'rkey',
  auditEvent: 'audt',
  importParameters: 'impt',
  projectRoles: 'prol',
  roleBinding: 'rolb',
} as const

/** A kind of ID. */
export type IdKind = keyof typeof idPrefixes

const kindsByPrefix = new Map<string, IdKind>(
  Object.entries(idPrefixes).map(([kind, prefix]) => [prefix, kind as IdKind]),
)

/**
 * A new UUIDv7 (RFC 9562 §5.7): time-ordered, for primary keys. All 74 bits besides the time are random, without a counter:
 * a part of the ID is shown for redacted keys, and an ID must not be guessable from a neighbour's.
 */
export function newUuid(): string {
  // Node caches random bytes for `randomUUID`. Only the digit of the version is replaced.
  return `${timeOfUuid(Date.now())}-7${randomUUID().slice(15)}`
}

/** The last time, since its digits are most of the work and many IDs are made in a millisecond. */
const lastTime = { ms: -1, digits: '' }

function timeOfUuid(ms: number): string {
  if (ms !== lastTime.ms) {
    const digits = ms.toString(16).padStart(12, '0')
    lastTime.ms = ms
    lastTime.digits = `${digits.slice(0, 8)}-${digits.slice(8)}`
  }
  return lastTime.digits
}

/** A random UUID (RFC 9562 §5.4), which does not disclose its time; for IDs that replace others. */
export function newOpaqueUuid(): string {
  return randomUUID()
}

/** The UUID of a name (RFC 9562 §5.8, from SHA-256): the same one each time, for rows of which there is one for each name. */
export function uuidOfName(name: string): string {
  const digits = hash('sha256', name, 'hex')
  const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) % 4)
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-')
}

/** Cache size. The same few IDs are converted again and again, which costs more than encrypting a small message. */
const convertedMax = 10_000
const texts = new LRUCache<string, string>({ max: convertedMax })
const parsed = new LRUCache<string, ParsedId>({ max: convertedMax })

/** Parts of an ID. */
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

/** The ID of the row of a key. */
export function keyIdOf({ kind, id }: { readonly kind: 'USER' | 'SERVICE'; readonly id: string }): string {
  return formatId(kind === 'USER' ? 'userKey' : 'serviceKey', id)
}

/** Parses a TypeID; null unless it is the canonical form of an ID of a known kind. */
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
    // Only the canonical form: caches, audit records and answers compare IDs as text.
    return formatId(kind, uuid) === text ? { kind, uuid } : null
  } catch {
    return null
  }
}

/** Checks whether a text begins as a TypeID of a known kind does. Names of keys never do. */
export function startsAsId(text: string): boolean {
  return kindsByPrefix.has(text.slice(0, Math.max(text.indexOf('_'), 0)))
}

/** Prefix, `…` and the last six characters of an ID. People can tell keys apart by it, but it is not unique. */
export function partialId(id: string): string {
  return `${id.slice(0, id.indexOf('_') + 1)}…${id.slice(-6)}`
}

/** Identifies a key as the columns of its row do. */
export type ParsedKeyId =
  | { readonly kind: 'USER' | 'SERVICE'; readonly id: string }
  | { readonly redactedId: string }

/** Parses the ID of a key, also a redacted one; null if it is not an ID of a key. */
export function parseKeyId(text: string): ParsedKeyId | null {
  const { kind, uuid: id } = parseId(text) ?? {}
  if (id === undefined) return null
  if (kind === 'redactedKey') return { redactedId: id }
  return kind === 'userKey' ? { kind: 'USER', id } : kind === 'serviceKey' ? { kind: 'SERVICE', id } : null
}
