// A server in a process of its own, so that it does not share its thread with who measures it.
// Prints its address and a token as one line of JSON, and stops when its input ends.
import { once } from 'node:events'
import { startBenchServer } from './own-server.ts'

const isWithoutAudit = process.argv.includes('--without-audit')
const server = await startBenchServer({}, isWithoutAudit ? { audit: { record, recordIn: record } } : {})
console.log(JSON.stringify({ url: server.url, token: await server.tokenOf('bench@bench') }))
process.stdin.resume()
await once(process.stdin, 'end')
await server.close()

async function record(): Promise<void> {}
