// Prints what slow operations cost the processor, beside what they cost in the rate limit (src/crypto/weights.ts). Processor
// time says the same on a busy machine, about; what RSA takes to generate varies by chance.
import { algorithms } from '../src/crypto/algorithms.ts'
import { importWrappingKeyAlgorithm } from '../src/crypto/import-wrapping.ts'
import { unitMicroseconds, type WeighedOperation, weightOf, weights } from '../src/crypto/weights.ts'
import { type CapabilityCall, callsOf } from '../test/crypto/capability-calls.ts'

const [seconds = 0.2] = process.argv.slice(2).map(Number)
/** Generations of RSA keys differ so much that each is measured for at least so many. */
const callsMin = { GENERATE: 12, other: 3 } as const

console.log(
  `Processor time of operations, and their weights in units of ${unitMicroseconds} µs. At least ${seconds} s each.\n`,
)
console.log(['algorithm', 'operation', 'measured µs', 'in units', 'weight'].join('\t'))
/** Material of an import comes wrapped for such a key. */
const [unwrapping = Number.NaN] = await Promise.all(
  algorithms
    .filter(({ name }) => name === importWrappingKeyAlgorithm)
    .map(async (entry) => {
      const decryption = (await callsOf(entry)).find(({ operation }) => operation === 'DECRYPT')
      return decryption === undefined ? Number.NaN : measure(decryption)
    }),
)
for (const entry of algorithms) {
  const longest = new Map<WeighedOperation, number>()
  for (const call of await callsOf(entry)) {
    const measured = (await measure(call)) + (call.operation === 'IMPORT' ? unwrapping : 0)
    longest.set(call.operation, Math.max(measured, longest.get(call.operation) ?? 0))
  }
  if (weights[entry.name] === undefined) continue
  for (const [operation, measured] of longest) {
    const units = measured / unitMicroseconds
    const weight = weightOf(entry.name, operation)
    console.log(
      [entry.name, operation, Math.round(measured), units.toFixed(1), weight, remark(units, weight)].join(
        '\t',
      ),
    )
  }
}

/** Processor time of a call in microseconds, all threads of this process together. */
async function measure({ operation, run }: CapabilityCall): Promise<number> {
  const atLeast = operation === 'GENERATE' ? callsMin.GENERATE : callsMin.other
  const runOnce = () => run((_length, task) => task())
  await runOnce()
  const before = process.cpuUsage()
  const used = () => {
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  let calls = 0
  while (calls < atLeast || used() < seconds * 1e6) {
    await runOnce()
    calls++
  }
  return used() / calls
}

function remark(units: number, weight: number): string {
  if (units > weight * 2) return 'weighs too little'
  return units * 4 < weight ? 'weighs too much' : ''
}
