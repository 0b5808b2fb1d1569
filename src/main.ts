import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Most of a start is reading code; the second one finds it compiled. Beside the code, so that only those who could
// change the code itself can write there; where nobody can, there is no cache.
enableCompileCache(join(import.meta.dirname, '../.cache'))

const { runProcess } = await import('./cli/run-process.ts')
process.exit(await runProcess(process.env))
