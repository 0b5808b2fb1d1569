import { startLoadedServer } from '../against-yoga.ts'
import { encryptOperation, measureOperation, signOperation } from '../operations.ts'
import type { Line, Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { median, ratioOf, takeTurns } from '../turns.ts'

const target = 2
/** A load that leaves the server idle most of the time, so that a delay has a cause. */
const ratePerSecond = 200

/** Whether operations that take long hold up those that do not. */
export const eventLoopPart: Part = {
  name: 'event-loop',
  summary: 'what slow signatures do to concurrent encrypt',
  async run({ seconds, rounds, ...bench }) {
    const server = await startLoadedServer({ seconds, rounds, ...bench }, 'event_loop')
    try {
      const encrypt = await encryptOperation(server)
      const lines: Line[] = []
      for (const [algorithm, name] of [
        ['RSA_4096', 'RSA-4096'],
        ['ML_DSA_65', 'ML-DSA-65'],
      ] as const) {
        const sign = await signOperation(server, algorithm)
        const seen = { idle: createSeen(), signing: createSeen(), encrypting: createSeen() }
        let signaturesPerSecond = 0
        const besides = {
          idle: () => null,
          signing: () => measureOperation(server, sign, { connections: 4, seconds }),
          encrypting: () =>
            measureOperation(server, encrypt, {
              connections: 4,
              ratePerSecond: signaturesPerSecond,
              seconds,
            }),
        }
        const measure = async (state: keyof typeof seen) => {
          const { latencies, waits } = seen[state]
          await server.takeLoopDelayMs()
          const waitedBefore = server.waitedSeconds()
          const beside = besides[state]()
          const encrypting = measureOperation(server, encrypt, { connections: 8, ratePerSecond, seconds })
          const [{ latencyMs }, done] = await Promise.all([encrypting, beside])
          latencies.push(latencyMs.p99)
          waits.push((server.waitedSeconds() - waitedBefore) / seconds)
          if (state === 'signing') signaturesPerSecond = Math.round(done?.requestsPerSecond ?? 0)
          return server.takeLoopDelayMs()
        }
        for (const state of ['idle', 'signing'] as const) await measure(state)
        for (const state of ['idle', 'signing'] as const) seen[state] = createSeen()
        const figures = await takeTurns(rounds, {
          idle: () => measure('idle'),
          signing: () => measure('signing'),
          encrypting: () => measure('encrypting'),
        })
        const ratio = ratioOf(figures.signing, figures.idle)
        const p99Of = (state: keyof typeof seen) => numberOf(median(figures[state]))
        const waitOf = (state: keyof typeof seen) => `${Math.round(median(seen[state].waits) * 100)} %`
        lines.push({
          what: `event loop delay p99 of encrypt while ${name} signs`,
          target: `≤ ${target} × its value without`,
          figure: `${numberOf(ratio)} ×`,
          isMet: ratio <= target,
          conditions: `${p99Of('signing')} against ${p99Of('idle')} ms, and ${p99Of('encrypting')} ms with as many encrypt in place of the signatures; the server's thread waited for a processor for ${waitOf('signing')} of the time, against ${waitOf('idle')} and ${waitOf('encrypting')}; encrypt at ${ratePerSecond}/s has p99 ${median(seen.signing.latencies)} against ${median(seen.idle.latencies)} ms; ${signaturesPerSecond} signatures/s on 4 connections, durable audit on PostgreSQL; ${rounds} rounds of ${seconds} s`,
        })
      }
      return lines
    } finally {
      await server.stop()
    }
  },
}

/** What is seen besides in the rounds of a state: latencies of `encrypt`, and how much the thread waited. */
function createSeen(): { readonly latencies: number[]; readonly waits: number[] } {
  return { latencies: [], waits: [] }
}
