import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, settlesWithin } from '../../clock.ts'
import { newOpaqueUuid } from '../../ids.ts'
import { type AuditChainRow, everyChain, findChain } from '../../store/audit/chain-rows.ts'
import { type ExportedEvent, findEventsToExport } from '../../store/audit/export-rows.ts'
import {
  countBehind,
  deleteSinkPosition,
  findChainsBehind,
  findSinkPositions,
  moveSinkPosition,
} from '../../store/audit/sink-rows.ts'
import { findDoneAt, isDueAgain, noteDone, releaseLease, takeLease } from '../../store/leases.ts'
import type { Store } from '../../store/store.ts'
import type { AuditKeys } from '../chain.ts'
import { lineOf } from '../export.ts'
import { CheckpointError, createCheckpoint, readCheckpoint } from '../verify/checkpoint.ts'
import { type Sink, type SinkBatch, type SinkCheckpoint, SinkError, type SinkName } from './sink.ts'

/** How far a sink is behind the trail. */
export interface SinkLag {
  /** Records that it has not acknowledged. */
  readonly events: number
  /** Time of the oldest of them; null if there are none. */
  readonly oldestAt: Date | null
}

/** Callbacks of the exporter. Must not throw. */
export interface ExporterListener {
  onLag(sink: SinkName, lag: SinkLag): void
  onSent(sink: SinkName, events: number): void
  onCheckpoint(sink: SinkName): void
  /** A batch could not be sent, or the database could not be used. It is tried again. */
  onFailure(sink: SinkName, error: unknown): void
  /** A position in the database does not verify: the sink begins anew with the chain. */
  onForgedPosition(sink: SinkName, chainId: string): void
  /** No checkpoint could be signed, since a chain does not verify. Records are still exported. */
  onNoCheckpoint(reason: string): void
}

/** Options of the exporter. */
export interface ExporterOptions {
  readonly store: Pick<Store, 'db'>
  readonly clock: Clock
  readonly keys: AuditKeys
  readonly sinks: readonly Sink[]
  /** Most records of one batch. */
  readonly batchEvents: number
  /** Time for which records wait for others to fill a batch, and between two looks for new records. */
  readonly batchMs: number
  /** Time that a sink has for one batch. */
  readonly timeoutMs: number
  /** Time between two checkpoints; null for none. */
  readonly checkpointMs: number | null
  readonly listener: ExporterListener
  /** Lifetime of a lease in seconds, for tests. */
  readonly leaseSeconds?: number
  /** First pause after a failure in milliseconds, for tests. */
  readonly pauseMsMin?: number
}

/** Exports in the background. */
export interface Exporter {
  /** Ends after the batch under way, which is aborted if it takes longer than a moment. */
  stop(): Promise<void>
}

/** Lifetime of a lease: after a crash, another server goes on after this time. */
const leaseSecondsDefault = 30
/** Most bytes of the lines of a batch, unless a single line has more. */
const batchBytesMax = 1_048_576
/** Most chains that one round looks at. */
const chainsMax = 100
/** Pauses after failures double from the first to the last. */
const pauseMsFirst = 1000
const pauseMsMax = 60_000
/** Longest pause that a sink may ask for. */
const retryAfterMsMax = 3_600_000
/** Interval in which positions in the database are verified again. */
const verifyPositionsMs = 3_600_000
/** Time that the batch under way has when the server stops. */
const stopMs = 2000
/** Longest time that a read waits for those of other sinks, relative to its own time. */
const restShare = 1

/** Name of the lease of a sink. */
export function leaseOf(sink: SinkName): string {
  return `audit-sink:${sink}`
}

/** Exports the trail to each sink, each at its own pace. */
export function startExporter(options: ExporterOptions): Exporter {
  const holder = newOpaqueUuid()
  const stopping = new AbortController()
  const cutting = new AbortController()
  const reading = createTurns()
  const loops = options.sinks.map((sink) =>
    runSink({ ...options, sink, holder, reading, stopping: stopping.signal, cutting: cutting.signal }),
  )
  return {
    async stop() {
      stopping.abort()
      const timer = setTimeout(() => cutting.abort(), stopMs)
      await Promise.all(loops)
      clearTimeout(timer)
    },
  }
}

/** What one sink needs. */
interface SinkRun extends ExporterOptions {
  readonly sink: Sink
  readonly holder: string
  /** Reads of all sinks take turns, so that together they use one connection. */
  readonly reading: Turns
  readonly stopping: AbortSignal
  /** Aborts a batch under way. */
  readonly cutting: AbortSignal
}

/** The lease was lost: another server exports. */
class LeaseLostError extends Error {}

async function runSink(run: SinkRun): Promise<void> {
  const { sink, store, stopping, holder, listener, batchMs } = run
  const lease = { name: leaseOf(sink.name), holder }
  const leaseSeconds = run.leaseSeconds ?? leaseSecondsDefault
  let failures = 0
  let eventsMax = run.batchEvents
  while (!stopping.aborted) {
    let pauseMs = batchMs
    try {
      if (await takeLease(store.db, { ...lease, seconds: leaseSeconds })) {
        const tenure = holdLease(run, lease, leaseSeconds)
        try {
          await exportWhileHeld(run, {
            tenure,
            eventsMax: () => eventsMax,
            noCheckpointBeforeMs: 0,
            onProgress() {
              failures = 0
              eventsMax = Math.min(run.batchEvents, eventsMax * 2)
            },
          })
        } finally {
          tenure.end()
          await settlesWithin(stopMs, sink.close())
          // Another server may have more success, and after a stop it goes on at once.
          await releaseLease(store.db, lease).catch(() => {})
        }
      }
      await measure(run)
    } catch (error) {
      if (!(error instanceof LeaseLostError) && !stopping.aborted) {
        listener.onFailure(sink.name, error)
        failures += 1
        if (error instanceof SinkError && error.isTooLarge) eventsMax = Math.max(1, Math.floor(eventsMax / 2))
        pauseMs = pauseAfter(failures, error, run.pauseMsMin ?? pauseMsFirst)
        await measure(run).catch(() => {})
      }
    }
    await pause(pauseMs, stopping)
  }
}

/** Pause after a number of failures in a row: it doubles, and varies at random, so that replicas do not come together. */
function pauseAfter(failures: number, error: unknown, firstMs: number): number {
  const longestMs = Math.min(pauseMsMax, firstMs * 2 ** Math.min(failures - 1, 16))
  const askedMs = error instanceof SinkError ? Math.min(error.retryAfterMs, retryAfterMsMax) : 0
  return Math.max(askedMs, longestMs / 2 + (Math.random() * longestMs) / 2)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}

/** A lease while it is held. */
interface Tenure {
  /** Aborted when the lease is lost. */
  readonly signal: AbortSignal
  end(): void
}

/** Renews a lease until the end of the work. It counts as lost before it can be over in the database. */
function holdLease(
  { store }: SinkRun,
  lease: { readonly name: string; readonly holder: string },
  seconds: number,
): Tenure {
  const lost = new AbortController()
  let heldUntilMs = performance.now() + (seconds * 1000 * 2) / 3
  let isRenewing = false
  const timer = setInterval(
    async () => {
      if (performance.now() >= heldUntilMs) lost.abort(new LeaseLostError())
      if (isRenewing || lost.signal.aborted) return
      isRenewing = true
      const askedAtMs = performance.now()
      try {
        if (await takeLease(store.db, { ...lease, seconds })) {
          heldUntilMs = askedAtMs + (seconds * 1000 * 2) / 3
        } else lost.abort(new LeaseLostError())
      } catch {
        // The time until which it is held decides.
      }
      isRenewing = false
    },
    (seconds * 1000) / 6,
  ).unref()
  return { signal: lost.signal, end: () => clearInterval(timer) }
}

/** State of a sink while this server has its lease. */
interface Held {
  readonly tenure: Tenure
  readonly eventsMax: () => number
  readonly onProgress: () => void
  /** By the monotonic clock: after a checkpoint that could not be signed. */
  noCheckpointBeforeMs: number
}

/** Sends batch after batch until the lease is lost, the server stops, or something fails. */
async function exportWhileHeld(run: SinkRun, held: Held): Promise<void> {
  const { sink, stopping, batchMs } = run
  const { tenure } = held
  await sink.open?.()
  let positions = await loadPositions(run)
  let loadedAtMs = performance.now()
  let checkpoint: PendingCheckpoint | null = null
  while (!stopping.aborted) {
    if (performance.now() - loadedAtMs >= verifyPositionsMs) {
      positions = await loadPositions(run)
      loadedAtMs = performance.now()
    }
    checkpoint ??= await makeDueCheckpoint(run, held)
    const isAtEnd = await exportRound(run, held, positions)
    if (checkpoint !== null && isReached(checkpoint, positions)) {
      await putCheckpoint(run, held, checkpoint)
      checkpoint = null
    }
    tenure.signal.throwIfAborted()
    if (!isAtEnd) continue
    await measure(run)
    await pause(batchMs, AbortSignal.any([stopping, tenure.signal]))
    tenure.signal.throwIfAborted()
  }
}

/** Positions by the IDs of chains, as far as they verify. The others are removed, after an alert. */
async function loadPositions({ store, sink, keys, listener }: SinkRun): Promise<Map<string, number>> {
  const positions = new Map<string, number>()
  for (const row of await findSinkPositions(store.db, sink.name)) {
    if (keys.chainMac.isAuthenticPosition(row)) {
      positions.set(row.chainId, row.sequence)
    } else {
      listener.onForgedPosition(sink.name, row.chainId)
      await deleteSinkPosition(store.db, row)
    }
  }
  return positions
}

/** Sends one batch of each chain that has records. Resolves to true if nothing more is to be sent now. */
async function exportRound(run: SinkRun, held: Held, positions: Map<string, number>): Promise<boolean> {
  const { store, sink, reading, stopping, listener } = run
  const behind = await reading(() => findChainsBehind(store.db, { sink: sink.name, max: chainsMax }))
  let isAtEnd = behind.length < chainsMax
  for (const { chain } of behind) {
    if (stopping.aborted) return true
    const from = positions.get(chain.id) ?? 0
    const readAtMs = performance.now()
    const max = held.eventsMax()
    const batch = await reading(() => readBatch(run, chain, { from, max }))
    // Others use the database, too, and the embedded one has a single connection.
    await pause((performance.now() - readAtMs) * restShare, stopping)
    if (batch === null) continue
    if (batch.last < chain.head.sequence) isAtEnd = false
    await sendInTime(run, held, (signal) => sink.send(batch, signal))
    await moveTo(run, { chainId: batch.chainId, from, sequence: batch.last })
    positions.set(batch.chainId, batch.last)
    held.onProgress()
    listener.onSent(sink.name, batch.lines.length)
  }
  return isAtEnd
}

/** The next records of a chain. Null if there are none: they were pruned meanwhile. */
async function readBatch(
  { store }: SinkRun,
  { id }: AuditChainRow,
  { from, max }: { readonly from: number; readonly max: number },
): Promise<SinkBatch | null> {
  // Read again, since pruning may have moved the beginning, which the line of the first record has to name.
  const chain = await findChain(store.db, id)
  if (chain === null) return null
  const events = await findEventsToExport(store.db, {
    chainId: id,
    after: Math.max(from, chain.base.sequence),
    upTo: chain.head.sequence,
    max,
    since: null,
    until: null,
    projectId: null,
  })
  return batchOf(events, chain)
}

function batchOf(events: readonly ExportedEvent[], chain: AuditChainRow): SinkBatch | null {
  const lines: string[] = []
  const times: Date[] = []
  let bytes = 0
  let last = 0
  for (const event of events) {
    const line = lineOf(event, chain)
    bytes += Buffer.byteLength(line) + 1
    if (lines.length > 0 && bytes > batchBytesMax) break
    lines.push(line)
    times.push(event.occurredAt)
    last = event.sequence ?? 0
  }
  const first = events[0]?.sequence ?? null
  return first === null ? null : { chainId: chain.id, first, last, lines, times }
}

/** Runs work on a sink until it is done, its time is over, or it must not go on. */
async function sendInTime(
  { timeoutMs, cutting }: SinkRun,
  { tenure }: Held,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([timeout, cutting, tenure.signal])
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () =>
    reject(
      timeout.aborted
        ? new SinkError({
            code: 'TIMEOUT',
            text: 'There was no answer in time. Look at the sink and its load.',
          })
        : signal.reason,
    )
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    // A sink that does not end is left alone, so that it cannot hold up the others or a stop.
    await Promise.race([work(signal), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function moveTo(
  { store, sink, keys, holder }: SinkRun,
  { chainId, from, sequence }: { readonly chainId: string; readonly from: number; readonly sequence: number },
): Promise<void> {
  const position = { sink: sink.name, chainId, sequence }
  const isMoved = await moveSinkPosition(store.db, {
    ...position,
    mac: keys.chainMac.positionMac(position),
    from,
    lease: leaseOf(sink.name),
    holder,
  })
  if (!isMoved) throw new LeaseLostError()
}

/** A checkpoint that waits until the sink has all records that it covers. */
interface PendingCheckpoint extends SinkCheckpoint {
  readonly ends: ReadonlyMap<string, number>
}

async function makeDueCheckpoint(run: SinkRun, held: Held): Promise<PendingCheckpoint | null> {
  const { store, sink, clock, keys, checkpointMs, listener } = run
  if (checkpointMs === null || performance.now() < held.noCheckpointBeforeMs) return null
  const doneAt = await findDoneAt(store.db, leaseOf(sink.name))
  if (!isDueAgain(doneAt, clock.now(), checkpointMs)) return null
  const jws = await createCheckpoint(store.db, clock, keys).catch((error: unknown) => {
    if (!(error instanceof CheckpointError)) throw error
    listener.onNoCheckpoint(error.message)
    held.noCheckpointBeforeMs = performance.now() + checkpointMs
    return null
  })
  if (jws === null) return null
  const { at, chains } = await readCheckpoint(jws, keys.checkpointKey)
  const ends = new Map(chains.map(({ id, sequence }) => [id, sequence]))
  // What was pruned before the sink was configured does not come any more.
  for await (const { id, base } of everyChain(store.db)) {
    if (base.sequence >= (ends.get(id) ?? 0)) ends.delete(id)
  }
  return { at, jws, ends }
}

function isReached({ ends }: PendingCheckpoint, positions: ReadonlyMap<string, number>): boolean {
  return [...ends].every(([id, sequence]) => (positions.get(id) ?? 0) >= sequence)
}

async function putCheckpoint(run: SinkRun, held: Held, checkpoint: PendingCheckpoint): Promise<void> {
  const { store, sink, holder, listener } = run
  await sendInTime(run, held, (signal) => sink.putCheckpoint(checkpoint, signal))
  await noteDone(store.db, { name: leaseOf(sink.name), holder }, checkpoint.at)
  listener.onCheckpoint(sink.name)
}

/** Reports how far a sink is behind. Every server does, so that a sink without an exporter is noticed, too. */
async function measure({ store, sink, reading, listener }: SinkRun): Promise<void> {
  const { db } = store
  const events = await reading(() => countBehind(db, sink.name))
  let oldestAt: Date | null = null
  if (events > 0) {
    for (const { chain, sequence } of await reading(() =>
      findChainsBehind(db, { sink: sink.name, max: chainsMax }),
    )) {
      const [event] = await reading(() =>
        findEventsToExport(db, {
          chainId: chain.id,
          after: Math.max(sequence, chain.base.sequence),
          upTo: chain.head.sequence,
          max: 1,
          since: null,
          until: null,
          projectId: null,
        }),
      )
      if (event !== undefined && (oldestAt === null || event.occurredAt < oldestAt))
        oldestAt = event.occurredAt
    }
  }
  listener.onLag(sink.name, { events, oldestAt })
}

/** Runs work one after the other. */
type Turns = <T>(work: () => Promise<T>) => Promise<T>

function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }
}
