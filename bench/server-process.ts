// A server in a process of its own, so that it does not share its thread with who measures it.
// Prints its address and a token as one line of JSON, and stops when its input ends. Each line of its input stands for a
// round of housekeeping; the report is printed as another line. BENCH_SETTINGS has settings of the server as JSON.
import { createInterface } from 'node:readline'
import { startBenchServer } from './own-server.ts'

const isWithoutAudit = process.argv.includes('--without-audit')
const settings = JSON.parse(process.env['BENCH_SETTINGS'] ?? '{}')
const server = await startBenchServer(settings, isWithoutAudit ? { audit: { record, recordIn: record } } : {})
console.log(JSON.stringify({ url: server.url, token: await server.tokenOf('bench@bench') }))
for await (const _ of createInterface(process.stdin)) {
  console.log(JSON.stringify(await server.housekeeping.runOnce()))
}
await server.close()

async function record(): Promise<void> {}
