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
        const latencies = { idle: [] as number[], signing: [] as number[] }
        let signatures = 0
        const measure = async (state: 'idle' | 'signing') => {
          await server.takeLoopDelayMs()
          const signing =
            state === 'signing' ? measureOperation(server, sign, { connections: 4, seconds }) : null
          const encrypting = measureOperation(server, encrypt, { connections: 8, ratePerSecond, seconds })
          const [{ latencyMs }, signed] = await Promise.all([encrypting, signing])
          latencies[state].push(latencyMs.p99)
          if (signed !== null) signatures = signed.requestsPerSecond
          return server.takeLoopDelayMs()
        }
        for (const state of ['idle', 'signing'] as const) await measure(state)
        latencies.idle = []
        latencies.signing = []
        const figures = await takeTurns(rounds, {
          idle: () => measure('idle'),
          signing: () => measure('signing'),
        })
        const ratio = ratioOf(figures.signing, figures.idle)
        lines.push({
          what: `event loop delay p99 of encrypt while ${name} signs`,
          target: `≤ ${target} × its value without`,
          figure: `${numberOf(ratio)} ×`,
          isMet: ratio <= target,
          conditions: `${numberOf(median(figures.signing))} against ${numberOf(median(figures.idle))} ms; encrypt at ${ratePerSecond}/s has p99 ${median(latencies.signing)} against ${median(latencies.idle)} ms; ${Math.round(signatures)} signatures/s on 4 connections, durable audit on PostgreSQL; ${rounds} rounds of ${seconds} s`,
        })
      }
      return lines
    } finally {
      await server.stop()
    }
  },
}
