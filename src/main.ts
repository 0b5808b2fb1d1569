import { enableCompileCache } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { handleStopSignals } from './cli/stop-signals.ts'

// First, since loading the rest of the program takes a while.
const stopSignals = handleStopSignals()

// Most of a start is loading code, so that compiled code is cached. The cache is next to the code, so that only users who
// could change the code can write to it. If nobody can, there is no cache.
enableCompileCache(join(import.meta.dirname, '../.cache'))

// Before the first use of the pool, which never grows. Slow work must not take its last threads.
const { poolThreadsFor } = await import('./crypto/slow-work.ts')
process.env['UV_THREADPOOL_SIZE'] ??= String(poolThreadsFor(availableParallelism()))

const { runProcess } = await import('./cli/run-process.ts')
process.exit(await runProcess(process.env, stopSignals))
