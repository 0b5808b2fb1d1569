// A flood in a process of its own, so that it does not share its thread with whoever measures its neighbour. FLOOD has the
// name, the target and the seconds after which it stops by itself, as JSON. Ends when its input ends, and prints its tally.
import { once } from 'node:events'
import { type FloodName, type FloodTarget, flood } from './floods.ts'

const { name, target, seconds } = JSON.parse(process.env['FLOOD'] ?? '{}') as {
  readonly name: FloodName
  readonly target: FloodTarget
  readonly seconds: number
}
const ending = new AbortController()
setTimeout(() => ending.abort(), seconds * 1000).unref()
void once(process.stdin.resume(), 'end').then(() => ending.abort())
console.log(JSON.stringify(await flood(name, target, ending.signal)))
process.exit(0)
