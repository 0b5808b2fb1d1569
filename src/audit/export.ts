import { formatId, type IdKind, parseId } from '../ids.ts'
import { type AuditChainRow, everyChain } from '../store/audit/chain-rows.ts'
import { type AuditEventRow, eventTable } from '../store/audit/event-rows.ts'
import {
  type ExportedEvent,
  type ExportFilter,
  findEventsToExport,
  findUnchainedEventsToExport,
} from '../store/audit/export-rows.ts'
import { inPages, lowestUuid } from '../store/pages.ts'
import { fieldsOf, hex, type Queryable } from '../store/sql.ts'
import { isAboutRoles } from './events.ts'

const pageSize = 1000

/**
 * All events as lines of JSON, one page at a time: chain by chain, each in order, and at the end those from before there
 * were chains, where there may be some. Events that are added meanwhile are left out.
 */
export async function* exportAudit(
  db: Queryable,
  filter: ExportFilter,
  { predatesChains = false }: { readonly predatesChains?: boolean } = {},
): AsyncGenerator<readonly string[]> {
  for await (const chain of everyChain(db)) {
    const { base, head, id: chainId } = chain
    const pages = inPages({
      after: base.sequence,
      find: (after) =>
        findEventsToExport(db, { ...filter, chainId, after, upTo: head.sequence, max: pageSize }),
      keyOf: ({ sequence }) => Number(sequence),
    })
    for await (const page of pages) yield page.map((event) => lineOf(event, chain))
  }
  if (!predatesChains) return
  const unchained = inPages({
    after: lowestUuid,
    find: (after) => findUnchainedEventsToExport(db, { ...filter, after, max: pageSize }),
    keyOf: ({ id }) => id,
  })
  for await (const page of unchained) yield page.map((event) => lineOf(event, null))
}

/** An event as a line of JSON; {@link readLine} reads it. */
export function lineOf(event: ExportedEvent, chain: AuditChainRow | null): string {
  const { chainId, sequence, hash, previousHash, keyKind: _kind, ...columns } = event
  const isFirst = chain !== null && sequence === chain.base.sequence + 1
  return JSON.stringify({
    // In the order of the columns; JSON has times as RFC 3339 wants them, in UTC and with milliseconds.
    ...columns,
    id: formatId('auditEvent', event.id),
    keyId: event.keyId && formatId(idKindOf(event), event.keyId),
    chain: chain?.number ?? null,
    chainId,
    sequence,
    previousHash: hexOf(isFirst ? chain.base.hash : previousHash),
    hash: hexOf(hash),
  })
}

function idKindOf(event: ExportedEvent): IdKind {
  if (isAboutRoles(event)) return 'projectRoles'
  // Service keys cannot be deleted, so a key that is missing was a user's.
  return event.keyKind === 'SERVICE' ? 'serviceKey' : 'userKey'
}

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes && hex(bytes)
}

/** A record that a line of an export holds, with its place. */
export interface ReadLine {
  readonly event: AuditEventRow
  readonly chain: number
  readonly chainId: string
  readonly sequence: number
  readonly previousHash: Uint8Array
  readonly hash: Uint8Array
}

/** Members of a line that are not columns of the event. */
const placeFields = ['chain', 'chainId', 'sequence', 'previousHash', 'hash'] as const
const lineFields = new Set<string>([...fieldsOf(eventTable), ...placeFields])

/** Kinds of IDs that `keyId` can have. */
const keyIdKinds: readonly IdKind[] = ['userKey', 'serviceKey', 'projectRoles']

/**
 * Reads a line that {@link lineOf} wrote for a record in a chain. Null for everything else, also for a line with a member
 * more, which no hash covers.
 */
export function readLine(line: Readonly<Record<string, unknown>>): ReadLine | null {
  const names = Object.keys(line)
  if (names.length !== lineFields.size || !names.every((name) => lineFields.has(name))) return null
  const { chain, chainId, sequence, previousHash, hash, id, keyId, occurredAt, details, ...columns } = line
  const occurred = typeof occurredAt === 'string' ? new Date(occurredAt) : null
  const eventId = typeof id === 'string' ? parseId(id) : null
  const key = typeof keyId === 'string' ? parseId(keyId) : null
  const places = [readHash(previousHash), readHash(hash)] as const
  if (
    !isNumber(chain) ||
    !isNumber(sequence) ||
    typeof chainId !== 'string' ||
    !isUuid.test(chainId) ||
    places[0] === null ||
    places[1] === null ||
    eventId?.kind !== 'auditEvent' ||
    (keyId !== null && (key === null || !keyIdKinds.includes(key.kind))) ||
    occurred === null ||
    Number.isNaN(occurred.getTime()) ||
    occurred.toISOString() !== occurredAt ||
    typeof details !== 'object' ||
    details === null ||
    Array.isArray(details) ||
    Object.values(columns).some((value) => typeof value === 'object' && value !== null)
  ) {
    return null
  }
  // The hash covers each value as JSON has it, so that their types need no further check.
  const event = { ...columns, id: eventId.uuid, keyId: key?.uuid ?? null, occurredAt: occurred, details }
  return {
    event: event as unknown as AuditEventRow,
    chain,
    chainId,
    sequence,
    previousHash: places[0],
    hash: places[1],
  }
}

const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function readHash(value: unknown): Uint8Array | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? Buffer.from(value, 'hex') : null
}
