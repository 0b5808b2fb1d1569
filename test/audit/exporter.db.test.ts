import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Exporter,
  type ExporterOptions,
  leaseOf,
  startExporter,
} from '../../src/audit/sinks/exporter.ts'
import { type SinkBatch, SinkError } from '../../src/audit/sinks/sink.ts'
import { newUuid } from '../../src/ids.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { openParts } from '../../src/open-parts.ts'
import { findSinkPositions, moveSinkPosition } from '../../src/store/audit/sink-rows.ts'
import { takeLease } from '../../src/store/leases.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { startStoryForTest } from '../support/story.ts'
import { createHearing, createMemorySink, exportedLines, untilExported } from './sink-trail.ts'

/** Opened data, in whose chains a test writes. */
async function withParts() {
  const story = await startStoryForTest()
  await story.stop()
  const { parts, close } = await openParts(story.config, {
    prepare: true,
    clock: story.clock,
    alert(error) {
      throw error
    },
  })
  onTestFinished(close)
  return parts
}

let count = 0

/** Records some operations, as one group. */
async function record({ audit }: Dependencies, events: number): Promise<void> {
  await audit.record(
    Array.from({ length: events }, () => ({
      actor: {
        projectId: 'shop',
        subject: 'user:mia',
        tokenId: null,
        clientAddress: null,
        requestId: newUuid(),
      },
      action: 'ENCRYPT' as const,
      outcome: 'SUCCEEDED' as const,
      errorCode: null,
      keyId: null,
      keyRevision: null,
      versionNumber: null,
      details: { number: ++count },
    })),
  )
}

function start(
  parts: Dependencies,
  options: Partial<ExporterOptions> & Pick<ExporterOptions, 'sinks'>,
): Exporter {
  const exporter = startExporter({
    store: parts.store,
    clock: parts.clock,
    keys: parts.auditKeys,
    batchEvents: 7,
    batchMs: 5,
    timeoutMs: 60_000,
    checkpointMs: null,
    listener: createHearing().listener,
    pauseMsMin: 1,
    ...options,
  })
  onTestFinished(() => exporter.stop())
  return exporter
}

/** Whether what a sink received is the trail: each record at least once, and the first time in the order of its chain. */
function expectTrail(received: readonly string[], exported: readonly string[]): void {
  const placesOf = (lines: Iterable<string>) =>
    [...lines].map((line) => JSON.parse(line) as { chain: number; sequence: number })
  const firstTimes = placesOf(new Set(received))
  const ends = Map.groupBy(placesOf(exported), ({ chain }) => chain)
  for (const [chain, { length }] of ends) {
    const own = firstTimes.filter((place) => place.chain === chain).map(({ sequence }) => sequence)
    expect(own).toEqual(Array.from({ length }, (_, index) => index + 1))
  }
  const known = new Set(exported)
  expect(received.filter((line) => !known.has(line))).toEqual([])
}

/** One thing that happens. */
type Step =
  | { readonly type: 'record'; readonly events: number }
  | { readonly type: 'failBefore' | 'failAfter'; readonly times: number }
  | { readonly type: 'restart' | 'crash' | 'steal' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('record' as const), events: fc.integer({ min: 1, max: 20 }) }),
    fc.record({
      type: fc.constantFrom('failBefore' as const, 'failAfter' as const),
      times: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ type: fc.constantFrom('restart' as const, 'crash' as const, 'steal' as const) }),
  ),
  { minLength: 3, maxLength: 12 },
)

describe.skipIf(hasNoDatabase())('the export to a sink', () => {
  it('has each record at least once and in the order of its chain, whatever fails on the way', async () => {
    const parts = await withParts()
    await fc.assert(
      fc.asyncProperty(steps, async (chosen) => {
        await parts.store.db.auditSinkPosition.deleteMany()
        await parts.store.db.lease.deleteMany()
        const sink = createMemorySink()
        const fails = { before: 0, after: 0 }
        sink.before = async () => {
          if (fails.before-- > 0) throw new SinkError({ code: 'HTTP_503', text: '' })
        }
        sink.after = async () => {
          if (fails.after-- > 0) throw new SinkError({ code: 'ECONNRESET', text: '' })
        }
        let exporter = start(parts, { sinks: [sink], leaseSeconds: 0.2 })
        const others: Exporter[] = []
        for (const step of chosen) {
          if (step.type === 'record') await record(parts, step.events)
          else if (step.type === 'failBefore') fails.before = step.times
          else if (step.type === 'failAfter') fails.after = step.times
          else if (step.type === 'steal') {
            const other = { name: leaseOf('webhook'), holder: newUuid() }
            await parts.store.db.lease.updateMany({ data: { heldUntil: new Date(0) } })
            await takeLease(parts.store.db, { ...other, seconds: 0.2 })
          } else if (step.type === 'crash') {
            // It goes on by itself, as one that was believed dead.
            others.push(exporter)
            exporter = start(parts, { sinks: [sink], leaseSeconds: 0.2 })
          } else {
            await exporter.stop()
            exporter = start(parts, { sinks: [sink], leaseSeconds: 0.2 })
          }
        }
        await untilExported(parts, 'webhook')
        await Promise.all([exporter, ...others].map((each) => each.stop()))
        expectTrail(sink.lines(), await exportedLines(parts))
      }),
      { numRuns: 6 },
    )
  })

  it('repeats at most one batch after a crash between a batch and its position', async () => {
    const parts = await withParts()
    await record(parts, 30)
    const sink = createMemorySink()
    const crashed = Promise.withResolvers<void>()
    sink.after = async () => {
      if (sink.batches.length !== 2) return
      crashed.resolve()
      // Never acknowledged, and never heard of again.
      await new Promise(() => {})
    }
    let isDead = false
    const store = {
      get db() {
        if (isDead) throw new TypeError('a process that is gone does nothing')
        return parts.store.db
      },
    }
    const dead = start(parts, { sinks: [sink], store })
    await crashed.promise
    isDead = true
    await parts.store.db.lease.updateMany({ data: { heldUntil: new Date(0) } })
    const again = createMemorySink()
    const alive = start(parts, { sinks: [again] })
    await untilExported(parts, 'webhook')
    await alive.stop()
    const all = [...sink.lines(), ...again.lines()]
    expectTrail(all, await exportedLines(parts))
    expect(all.length - new Set(all).size).toBe(7)
    await dead.stop()
  })

  it('has one exporter at a time, and another one as soon as it stops', async () => {
    const parts = await withParts()
    let [active, most] = [0, 0]
    const sinks = [createMemorySink(), createMemorySink(), createMemorySink()]
    for (const sink of sinks) {
      sink.before = async () => {
        most = Math.max(most, ++active)
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      sink.after = async () => void active--
    }
    const exporters = sinks.map((sink) => start(parts, { sinks: [sink] }))
    for (let turn = 0; turn < 20; turn++) await record(parts, 10)
    await untilExported(parts, 'webhook')
    const busy = sinks.findIndex(({ batches }) => batches.length > 0)
    await exporters[busy]?.stop()
    await record(parts, 10)
    await untilExported(parts, 'webhook')
    expect(most).toBe(1)
    expect(sinks.filter(({ batches }) => batches.length > 0)).toHaveLength(2)
    const all = sinks.flatMap((sink) => sink.lines())
    expect(all).toHaveLength(new Set(all).size)
    expectTrail(all, await exportedLines(parts))
  })

  it('holds up no operation while a sink does not answer, and no other sink', async () => {
    const parts = await withParts()
    const [slow, quick] = [createMemorySink('webhook'), createMemorySink('file')]
    const asked: SinkBatch[] = []
    slow.before = (batch) => {
      asked.push(batch)
      return new Promise(() => {})
    }
    const hearing = createHearing()
    const exporter = start(parts, { sinks: [slow, quick], listener: hearing.listener })
    for (let turn = 0; turn < 200; turn++) await record(parts, 5)
    await untilExported(parts, 'file')
    expect(quick.lines()).toHaveLength(1000)
    // The sink that does not answer has one batch, and there is no more in memory.
    expect(asked).toHaveLength(1)
    expect(asked[0]?.lines.length).toBeLessThanOrEqual(7)
    const stoppedAtMs = performance.now()
    await exporter.stop()
    expect(performance.now() - stoppedAtMs).toBeLessThan(20_000)
    expect(slow.batches).toEqual([])
  })

  it('tells how far a sink is behind, also where another server exports', async () => {
    const parts = await withParts()
    const sink = createMemorySink()
    sink.before = async () => {
      throw new SinkError({ code: 'HTTP_401', text: 'no' })
    }
    const [hearing, watching] = [createHearing(), createHearing()]
    await record(parts, 12)
    start(parts, { sinks: [sink], listener: hearing.listener })
    start(parts, { sinks: [createMemorySink('file')], listener: watching.listener })
    await expect.poll(() => hearing.lags.at(-1)).toEqual({ events: 12, oldestAt: parts.clock.now() })
    await expect.poll(() => watching.lags.at(-1)).toEqual({ events: 0, oldestAt: null })
    expect(hearing.failures.length).toBeGreaterThan(0)
  })

  it('makes batches smaller for a sink to which they are too large', async () => {
    const parts = await withParts()
    const sink = createMemorySink()
    sink.before = async ({ lines }) => {
      if (lines.length > 2) throw new SinkError({ code: 'HTTP_413', text: '' }, { isTooLarge: true })
    }
    await record(parts, 20)
    start(parts, { sinks: [sink] })
    await untilExported(parts, 'webhook')
    expectTrail(sink.lines(), await exportedLines(parts))
  })

  it('does not follow positions that somebody else has moved', async () => {
    const parts = await withParts()
    await record(parts, 10)
    const sink = createMemorySink()
    const first = start(parts, { sinks: [sink] })
    await untilExported(parts, 'webhook')
    await first.stop()
    await record(parts, 10)
    await parts.store.db.auditSinkPosition.updateMany({ data: { sequence: 20n } })
    const hearing = createHearing()
    const second = start(parts, { sinks: [sink], listener: hearing.listener })
    await expect.poll(() => hearing.forged.length).toBe(1)
    await untilExported(parts, 'webhook')
    await second.stop()
    expectTrail(sink.lines(), await exportedLines(parts))
    expect(sink.lines()).toHaveLength(30)
    // Nor does a position count that this server would have written for another sink, or for another number.
    const [row] = await findSinkPositions(parts.store.db, 'webhook')
    expect(row?.sequence).toBe(20)
    if (row === undefined) throw new Error('there is a row')
    expect(parts.auditKeys.chainMac.isAuthenticPosition(row)).toBe(true)
    expect(parts.auditKeys.chainMac.isAuthenticPosition({ ...row, sink: 'file' })).toBe(false)
    expect(parts.auditKeys.chainMac.isAuthenticPosition({ ...row, sequence: 21 })).toBe(false)
    const lease = { lease: leaseOf('webhook'), holder: newUuid() }
    expect(await moveSinkPosition(parts.store.db, { ...row, from: 20, sequence: 25, ...lease })).toBe(false)
  })

  it('signs checkpoints in their interval, and puts each of them behind the records that it covers', async () => {
    const parts = await withParts()
    const sink = createMemorySink()
    const sentAt: number[] = []
    sink.putCheckpoint = async (checkpoint) => {
      sentAt.push(sink.lines().length)
      sink.checkpoints.push(checkpoint)
    }
    await record(parts, 10)
    const first = start(parts, { sinks: [sink], checkpointMs: 3_600_000 })
    await expect.poll(() => sink.checkpoints.length).toBe(1)
    expect(sentAt).toEqual([10])
    await first.stop()
    await record(parts, 3)
    const second = start(parts, { sinks: [sink], checkpointMs: 3_600_000 })
    await untilExported(parts, 'webhook')
    await second.stop()
    expect(sink.checkpoints).toHaveLength(1)
    await parts.store.db.lease.updateMany({
      data: { doneAt: new Date(parts.clock.now().getTime() - 3_600_000) },
    })
    start(parts, { sinks: [sink], checkpointMs: 3_600_000 })
    await expect.poll(() => sentAt).toEqual([10, 13])
  })

  it('exports the evidence, and signs nothing, where a chain was changed', async () => {
    const parts = await withParts()
    await record(parts, 10)
    await parts.store.db.auditChain.updateMany({ data: { headMac: new Uint8Array(32) } })
    const sink = createMemorySink()
    const hearing = createHearing()
    start(parts, { sinks: [sink], checkpointMs: 60_000, listener: hearing.listener })
    await untilExported(parts, 'webhook')
    expect(sink.lines()).toHaveLength(10)
    expect(sink.checkpoints).toEqual([])
    expect(hearing.refusals).toEqual([expect.stringContaining('no checkpoint was signed')])
    expect(hearing.failures).toEqual([])
  })
})
