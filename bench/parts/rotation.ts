import type { Part } from '../part.ts'
import { numberOf } from '../report.ts'
import { measureRotation } from '../rotation-load.ts'

const target = 1000
const ratePerSecond = 100

/** How long the night takes in which all keys are due. */
export const rotationPart: Part = {
  name: 'rotation',
  summary: 'automatic rotation of many keys that are due at once',
  async run({ isQuick, seconds, postgres, note }) {
    const keys = isQuick ? 2000 : 100_000
    note(`making ${keys} keys that are due`)
    const [round] = await measureRotation(postgres, {
      keys,
      replicas: 1,
      ratePerSecond,
      idleSeconds: Math.max(2, seconds),
    })
    if (round === undefined) throw new RangeError('there is one replica')
    const rate = round.rotatedKeys / round.seconds
    return [
      {
        what: `automatic rotation of ${keys.toLocaleString('en')} due AES keys, one replica, PostgreSQL`,
        target: `≥ ${target.toLocaleString('en')} keys/s`,
        figure: `${numberOf(rate)} keys/s`,
        isMet: rate >= target,
        conditions: `encrypt at ${ratePerSecond}/s meanwhile: p50 ${round.busy.latencyMs.median} ms, p99 ${round.busy.latencyMs.p99} ms (before: ${round.idle.latencyMs.median} and ${round.idle.latencyMs.p99} ms); each key has one new version with material, and one event`,
      },
    ]
  },
}
