import { enableCompileCache } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { handleStopSignals } from './cli/stop-signals.ts'

// Before the rest of the program is read, which takes a while.
const stopSignals = handleStopSignals()

// Most of a start is reading code; the second one finds it compiled. Beside the code, so that only those who could
// change the code itself can write there; where nobody can, there is no cache.
enableCompileCache(join(import.meta.dirname, '../.cache'))

// Before anything uses the pool, which never grows: slow work must not take its last threads.
const { poolThreadsFor } = await import('./crypto/slow-work.ts')
process.env['UV_THREADPOOL_SIZE'] ??= String(poolThreadsFor(availableParallelism()))

const { runProcess } = await import('./cli/run-process.ts')
process.exit(await runProcess(process.env, stopSignals))
