import { setImmediate } from 'node:timers/promises'
import { newUuid } from '../../ids.ts'
import { type AuditAppend, appendAuditEvents, tryAppend } from '../../store/audit/append-rows.ts'
import { type AuditChainRow, findChain } from '../../store/audit/chain-rows.ts'
import type { AuditEventRow, AuditHead } from '../../store/audit/event-rows.ts'
import { isRetryable } from '../../store/errors.ts'
import type { Queryable } from '../../store/sql.ts'
import { isSameHash, linkEvents } from '../chain.ts'
import { type AuditEvent, displayNameDetail } from '../events.ts'
import { createManagementChain } from './management-chain.ts'
import { ChainError, type ChainParts, openChain } from './open-chain.ts'

/** Puts events on record. Nothing is answered before its event is durable. */
export interface AuditWriter {
  /** Resolves when the events are durable; rejects when they could not be written, and then nothing may be answered. */
  record(events: readonly AuditEvent[]): Promise<void>
  /** Writes events inside the transaction of the changes that they describe; the last that the transaction does. */
  recordIn(tx: Queryable, ...events: readonly AuditEvent[]): Promise<void>
  /**
   * Resolves if events can be written: some were a moment ago, or else one can be that is taken back again.
   *
   * @throws what keeps them from being written
   */
  checkWritable(): Promise<void>
}

/** Result of writing one group of events. */
export interface WrittenGroup {
  readonly events: number
  readonly failed: boolean
  /** Duration of the write. */
  readonly writeMs: number
  /** From when its first events came until all are durable. */
  readonly lagMs: number
}

/** Options of a writer. */
export interface AuditWriterOptions {
  /** Called for each group. Must not throw. */
  readonly onGroup?: (group: WrittenGroup) => void
}

/** Most events of one INSERT; more wait for the next group. */
const groupSizeMax = 2000

/** Time for which a written group proves that events can be written. */
const writtenFreshMs = 5000

interface Waiting {
  readonly rows: readonly AuditEventRow[]
  readonly sinceMs: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A writer that opens its chains when they are first needed; for processes that may have nothing to record. */
export function createAuditWriter(parts: ChainParts, options: AuditWriterOptions = {}): AuditWriter {
  return writerOn({ ...parts, ...options }, createOperationsChain(parts), createManagementChain(parts))
}

/** A writer whose chains are open: what keeps them from being written shows at once. */
export async function openAuditWriter(
  parts: ChainParts,
  options: AuditWriterOptions = {},
): Promise<AuditWriter> {
  const [operations, management] = [createOperationsChain(parts), createManagementChain(parts)]
  await operations.open()
  await management.open()
  return writerOn({ ...parts, ...options }, operations, management)
}

/**
 * Group commit: while one INSERT is under way, the events of further requests collect and go with the next one, so
 * that a busy server pays for one durable write per group instead of one per request.
 */
function writerOn(
  { clock, onGroup }: Pick<ChainParts, 'clock'> & AuditWriterOptions,
  operations: ReturnType<typeof createOperationsChain>,
  management: ReturnType<typeof createManagementChain>,
): AuditWriter {
  let waiting: Waiting[] = []
  let writing = false
  let writtenAtMs = Number.NEGATIVE_INFINITY
  let checking: Promise<void> | null = null

  const toRow = ({ actor, details, ...columns }: AuditEvent): AuditEventRow => ({
    ...columns,
    id: newUuid(),
    occurredAt: clock.now(),
    projectId: wellFormed(actor.projectId),
    actor: wellFormed(actor.subject),
    tokenId: wellFormed(actor.tokenId),
    clientAddress: wellFormed(actor.clientAddress),
    requestId: wellFormed(actor.requestId),
    details: Object.fromEntries(
      Object.entries(
        actor.displayName === undefined ? details : { ...details, [displayNameDetail]: actor.displayName },
      ).map(([name, value]) => [name, wellFormed(value)]),
    ),
  })

  function takeGroup(): Waiting[] {
    let size = 0
    const end = waiting.findIndex((entry, index) => {
      size += entry.rows.length
      return index > 0 && size > groupSizeMax
    })
    const group = end < 0 ? waiting : waiting.slice(0, end)
    waiting = end < 0 ? [] : waiting.slice(end)
    return group
  }

  async function writeGroups(): Promise<void> {
    writing = true
    try {
      while (waiting.length > 0) {
        // Requests that arrived while the last group was written are in this one, whose cost they share.
        await setImmediate()
        const group = takeGroup()
        const rows = group.flatMap((entry) => entry.rows)
        const startedAtMs = performance.now()
        let failed = false
        try {
          await operations.append(rows)
          writtenAtMs = performance.now()
          for (const entry of group) entry.resolve()
        } catch (error) {
          failed = true
          writtenAtMs = Number.NEGATIVE_INFINITY
          for (const entry of group) entry.reject(error)
        }
        const nowMs = performance.now()
        const lagMs = nowMs - (group[0]?.sinceMs ?? nowMs)
        onGroup?.({ events: rows.length, failed, writeMs: nowMs - startedAtMs, lagMs })
      }
    } finally {
      writing = false
    }
  }

  return {
    record(events) {
      if (events.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiting.push({ rows: events.map(toRow), sinceMs: performance.now(), resolve, reject })
        if (!writing) void writeGroups()
      })
    },
    async recordIn(tx, ...events) {
      if (events.length > 0) await management.appendIn(tx, events.map(toRow))
    },
    async checkWritable() {
      if (performance.now() - writtenAtMs < writtenFreshMs) return
      checking ??= operations
        .checkAppend(toRow(sampleEvent))
        .then(() => {
          writtenAtMs = performance.now()
        })
        .finally(() => {
          checking = null
        })
      await checking
    },
  }
}

/** Event that is written and rolled back to check that events can be written. */
const sampleEvent: AuditEvent = {
  actor: { projectId: '', subject: 'system:health', tokenId: null, clientAddress: null, requestId: '' },
  action: 'ENCRYPT',
  outcome: 'SUCCEEDED',
  errorCode: null,
  keyId: null,
  keyRevision: null,
  versionNumber: null,
  details: {},
}

/** Half characters cannot be stored: what is hashed must be what is read again. */
function wellFormed<T>(value: T): T {
  return typeof value === 'string' ? (value.toWellFormed() as T) : value
}

/** Most tries of one group. A chain that is not where it should be is looked at after the first of them. */
const triesMax = 3

/** Most ends that are remembered of groups whose outcome is unknown. */
const doubtfulMax = 1000

/** Chain of the group writer, its only writer, which appends one group at a time. */
interface OperationsChain {
  open(): Promise<void>
  /**
   * Appends an event and takes it back again.
   *
   * @throws whatever keeps events from being written
   */
  checkAppend(sample: AuditEventRow): Promise<void>
  /** Resolves when the events are durable. */
  append(events: readonly AuditEventRow[]): Promise<void>
}

/**
 * Knows where its chain ends without asking, so that a group costs one statement. That statement writes nothing if the
 * chain ends elsewhere, and only then, or after a failure, is the chain read again.
 */
function createOperationsChain(parts: ChainParts): OperationsChain {
  const { store, chainMac } = parts
  let chain: Pick<AuditChainRow, 'id' | 'number' | 'head'> | null = null
  /** Ends that the chain may have come to: a connection can break before or after the commit. */
  let doubtful: AuditHead[] = []
  let isCertain = false

  async function open(): Promise<void> {
    chain = await store.transaction((tx) => openChain(tx, parts, 'OPERATIONS'))
    doubtful = []
    isCertain = true
  }

  async function findEnd(): Promise<Pick<AuditChainRow, 'id' | 'number' | 'head'>> {
    if (chain !== null && !isCertain) {
      const { head, id, number } = chain
      const row = await findChain(store.db, id)
      const isPossible = [head, ...doubtful].some((end) => row !== null && isSameHead(end, row.head))
      if (row !== null && isPossible && chainMac.isAuthenticHead(row) && chainMac.isAuthenticChain(row)) {
        if (!isSameHead(head, row.head)) doubtful = []
        chain = row
        isCertain = true
      } else {
        parts.alert(new ChainError(number))
        chain = null
      }
    }
    if (chain === null) await open()
    if (chain === null) throw new TypeError('a chain was opened and is not there')
    return chain
  }

  /** False also where other transactions kept the statement from its end: the next try reads the chain again. */
  function appendUnlessInTheWay(append: AuditAppend, tries: number): Promise<boolean> {
    return appendAuditEvents(store.executor, append).catch((error: unknown) => {
      if (isRetryable(error) && tries + 1 < triesMax) return false
      throw error
    })
  }

  return {
    open,
    async checkAppend(sample) {
      if (chain === null) await open()
      if (chain === null) throw new TypeError('a chain was opened and is not there')
      const { id, head: end } = chain
      const { links, head } = linkEvents(end, [sample])
      await tryAppend(store, { chainId: id, after: end, links, head, headMac: chainMac.headMac(id, head) })
    },
    async append(events) {
      for (let tries = 0; tries < triesMax; tries++) {
        const end = await findEnd()
        const { links, head } = linkEvents(end.head, events)
        const headMac = chainMac.headMac(end.id, head)
        isCertain = false
        doubtful = [...doubtful, head].slice(-doubtfulMax)
        const append = { chainId: end.id, after: end.head, links, head, headMac }
        if (await appendUnlessInTheWay(append, tries)) {
          chain = { ...end, head }
          doubtful = []
          isCertain = true
          return
        }
      }
      throw new Error('the audit chain was changed by another writer')
    },
  }
}

function isSameHead(a: AuditHead, b: AuditHead): boolean {
  return a.sequence === b.sequence && isSameHash(a.hash, b.hash)
}
