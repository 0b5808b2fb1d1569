import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdMaxMs, nextMark, toleratedMs, toleratedStopMs } from '../../src/store/database-clock.ts'
import type { CertainTimeRow, TimeMark } from '../../src/store/rows/certain-time-rows.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const runs = Number(process.env['MODEL_RUNS'] ?? 1000)

/** A world with a true time, a clock that can be set, and machines that run servers on one database. */
class World {
  trueMs = Date.parse('2026-03-01T00:00:00Z')
  /** What the clock is off by. */
  offsetMs = 0
  row: CertainTimeRow | null = null
  /** By server: what it knows, and when it looked. */
  readonly servers = new Map<number, { mark: TimeMark; atMs: number }>()
  readonly boots = [0, 1]
  /** True time of each machine's last boot. */
  readonly bootedMs = [this.trueMs, this.trueMs]
  /** Restarts on which nothing proves how long the stop lasted. */
  unprovenStarts = 0
  confirmations = 0

  get nowMs(): number {
    return this.trueMs + this.offsetMs
  }

  look(server: number): TimeMark {
    const uptimeMs = this.trueMs - (this.bootedMs[server] ?? 0)
    const bootId = `${server}-${this.boots[server]}`
    const known = this.servers.get(server)
    const rowPassedMs = this.row?.bootId === bootId ? uptimeMs - this.row.uptimeMs : null
    if (known === undefined && rowPassedMs === null) this.unprovenStarts++
    const mark = nextMark({
      own: known === undefined ? null : { mark: known.mark, passedMs: this.trueMs - known.atMs },
      row: this.row,
      rowPassedMs,
      now: this.nowMs,
    })
    this.servers.set(server, { mark, atMs: this.trueMs })
    if (this.row === null || this.row.reachedMs < mark.reachedMs || this.row.reachedMs > this.nowMs) {
      this.row = { ...mark, bootId, uptimeMs }
    }
    return mark
  }

  confirm(): void {
    this.confirmations++
    this.row = { reachedMs: this.nowMs, aheadMs: 0, heldSinceMs: null, bootId: null, uptimeMs: 0 }
  }

  /** The latest moment by which any server acts. */
  get certainMs(): number {
    const moments = [...this.servers.keys()].map((server) => {
      const { reachedMs, heldSinceMs } = this.look(server)
      return heldSinceMs === null ? this.nowMs : reachedMs
    })
    return Math.max(...moments)
  }
}

type Step =
  | { type: 'pass' | 'set'; ms: number }
  | { type: 'look' | 'restart' | 'reboot'; server: number }
  | { type: 'stopAll'; ms: number; reboot: boolean }
  | { type: 'confirm' }

const anyServer = fc.constantFrom(0, 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('pass'),
      ms: fc.constantFrom(30_000, hourMs, dayMs, 7 * dayMs),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('set'),
      ms: fc.constantFrom(-8 * dayMs, -hourMs, 30 * 60_000, 2 * hourMs, dayMs, 8 * dayMs, 400 * dayMs),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom('look', 'restart', 'reboot'), server: anyServer }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('stopAll'),
      ms: fc.constantFrom(hourMs, 3 * dayMs),
      reboot: fc.boolean(),
    }),
  },
)

function run(world: World, each: Step): void {
  switch (each.type) {
    case 'pass':
      // Servers look every half a minute; here often enough for what passes.
      for (let left = each.ms; left > 0; left -= hourMs) {
        world.trueMs += Math.min(left, hourMs)
        for (const server of world.servers.keys()) world.look(server)
      }
      return
    case 'set':
      world.offsetMs += each.ms
      return
    case 'look':
      world.look(each.server)
      return
    case 'restart':
      world.servers.delete(each.server)
      world.look(each.server)
      return
    case 'reboot':
      world.servers.delete(each.server)
      world.boots[each.server] = (world.boots[each.server] ?? 0) + 1
      world.bootedMs[each.server] = world.trueMs
      world.look(each.server)
      return
    case 'stopAll':
      world.servers.clear()
      world.trueMs += each.ms
      if (each.reboot) {
        for (const server of [0, 1]) {
          world.boots[server] = (world.boots[server] ?? 0) + 1
          world.bootedMs[server] = world.trueMs
        }
      }
      world.look(0)
      return
    case 'confirm':
      world.confirm()
  }
}

describe('the time that has certainly come', () => {
  it('never gives a waiting period away, however the clock is set and servers are restarted', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.array(step, { maxLength: 25, size: 'max' }),
        fc.constantFrom(1, 7, 30),
        (before, after, days) => {
          const world = new World()
          world.look(0)
          for (const each of before) run(world, each)
          // A clock that is set back and forth between two looks is not seen.
          for (const server of world.servers.keys()) world.look(server)
          const scheduledAtMs = world.trueMs
          // As the domain does: by the clock.
          const dueMs = world.nowMs + days * dayMs
          const unprovenBefore = world.unprovenStarts
          for (const each of after) {
            run(world, each)
            if (world.servers.size === 0 || world.certainMs < dueMs) continue
            const waitedMs = world.trueMs - scheduledAtMs
            const unproven = world.unprovenStarts - unprovenBefore
            // A clock may be a little ahead, time by it a little fast, and a stop that nothing proves is believed for a day.
            const allowedMs = toleratedMs + 0.01 * waitedMs + unproven * toleratedStopMs
            expect(waitedMs).toBeGreaterThanOrEqual(Math.min(days * dayMs, holdMaxMs) - allowedMs)
            return
          }
        },
      ),
      { numRuns: runs },
    )
  })

  it('is the clock itself while nobody sets it, through restarts and stops that are proven', () => {
    const world = new World()
    world.look(0)
    for (const each of [
      { type: 'pass', ms: 7 * dayMs },
      { type: 'restart', server: 0 },
      // Off for three days on a machine that was on.
      { type: 'stopAll', ms: 3 * dayMs, reboot: false },
      { type: 'look', server: 1 },
      { type: 'pass', ms: dayMs },
      // A machine that is started anew, for less than a day.
      { type: 'stopAll', ms: hourMs, reboot: true },
      { type: 'set', ms: 30 * 60_000 },
      { type: 'set', ms: -20 * 60_000 },
      { type: 'pass', ms: dayMs },
    ] satisfies Step[]) {
      run(world, each)
      expect(world.certainMs).toBe(world.nowMs)
    }
  })

  it.each<[what: string, steps: Step[]]>([
    ['a clock that jumps ahead', [{ type: 'set', ms: 8 * dayMs }]],
    [
      'a clock that goes ahead in small steps',
      Array(200)
        .fill([
          { type: 'set', ms: 59 * 60_000 },
          { type: 'pass', ms: 30_000 },
        ])
        .flat(),
    ],
    [
      'a jump while the server is stopped',
      [
        { type: 'set', ms: 8 * dayMs },
        { type: 'restart', server: 0 },
      ],
    ],
    ['a stop of three days that nothing proves', [{ type: 'stopAll', ms: 3 * dayMs, reboot: true }]],
  ])(
    'holds after %s, until an operator confirms, the clock is set back, or 30 days have passed',
    (_what, steps) => {
      const held = () => {
        const world = new World()
        world.look(0)
        run(world, { type: 'pass', ms: dayMs })
        for (const each of steps) run(world, each)
        expect(world.look(0).heldSinceMs).not.toBeNull()
        expect(world.certainMs).toBeLessThan(world.nowMs - 2 * dayMs)
        return world
      }
      // Restarts and other servers know of it.
      const restarted = held()
      run(restarted, { type: 'restart', server: 0 })
      expect(restarted.look(0).heldSinceMs).not.toBeNull()
      expect(restarted.look(1).heldSinceMs).not.toBeNull()

      const confirmed = held()
      confirmed.look(1)
      confirmed.confirm()
      for (const server of [0, 1]) expect(confirmed.look(server).heldSinceMs).toBeNull()
      expect(confirmed.certainMs).toBe(confirmed.nowMs)

      const corrected = held()
      corrected.offsetMs -= corrected.nowMs - corrected.certainMs
      expect(corrected.look(0).heldSinceMs).toBeNull()

      const waited = held()
      run(waited, { type: 'pass', ms: 29 * dayMs })
      expect(waited.look(0).heldSinceMs).not.toBeNull()
      run(waited, { type: 'pass', ms: 2 * dayMs })
      expect(waited.look(0).heldSinceMs).toBeNull()
      expect(waited.certainMs).toBe(waited.nowMs)
    },
  )

  it('holds anew after a second jump, for as long', () => {
    const world = new World()
    world.look(0)
    run(world, { type: 'set', ms: 3 * dayMs })
    run(world, { type: 'pass', ms: 20 * dayMs })
    run(world, { type: 'set', ms: 3 * dayMs })
    run(world, { type: 'pass', ms: 20 * dayMs })
    expect(world.look(0).heldSinceMs).not.toBeNull()
    expect(world.certainMs).toBeLessThanOrEqual(world.trueMs + toleratedMs + 0.01 * 40 * dayMs)
    run(world, { type: 'pass', ms: 11 * dayMs })
    expect(world.look(0).heldSinceMs).toBeNull()
  })
})
