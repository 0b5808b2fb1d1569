import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Folder of the built console. */
export const builtConsole = join(root, 'console/dist')

/** Builds the console, unless it is built already and fits. */
export function buildConsole(): void {
  execFileSync(process.execPath, [join(root, 'scripts/build-console.ts')], { stdio: 'inherit' })
}
