// Builds console/dist from console/, unless it is there already and fits. With --if-possible, a console that cannot be built
// is no failure: the server then runs without it.
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'console')
const output = join(folder, 'dist')
const stampFile = join(output, '.made-from')

// What decides what is built. The lock file stands for the libraries.
const sources = [
  ...['index.html', 'package.json', 'vite.config.ts', 'build/**/*', 'src/**/*'],
  ...['../package-lock.json', '../scripts/build-console.ts'],
]

/** Builds into a folder of its own, so that a server reads all of the old files or all of the new ones. */
async function build(stamp: string): Promise<void> {
  const unfinished = `${output}-${process.pid}`
  // A build for tests or development would bundle the React of development.
  process.env['NODE_ENV'] = 'production'
  const { build: buildWithVite } = await import('vite')
  try {
    await buildWithVite({ root: folder, logLevel: 'error', build: { outDir: unfinished } })
    writeFileSync(join(unfinished, '.made-from'), stamp)
    await putInPlace(unfinished, stamp)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Replaces what was built before. Other processes may do the same at the same time; one of them is enough. */
async function putInPlace(unfinished: string, stamp: string): Promise<void> {
  for (let attemptsLeft = 20; !isBuilt(stamp); attemptsLeft--) {
    try {
      rmSync(output, { recursive: true, force: true })
      renameSync(unfinished, output)
    } catch (error) {
      if (attemptsLeft === 0) throw error
      await setTimeout(100)
    }
  }
}

function isBuilt(stamp: string): boolean {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
}

function stampOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(folder, file)))
      .update('\0')
  return hash.digest('hex')
}

const files = globSync(sources, { cwd: folder })
  .filter((file) => statSync(join(folder, file)).isFile())
  .toSorted()
const stamp = stampOf(files)
if (!isBuilt(stamp)) {
  // On standard error: the output of the command that needs the console goes into a file.
  console.error('Building the console from console/ …')
  try {
    await build(stamp)
  } catch (error) {
    console.error(`The console could not be built: ${error instanceof Error ? error.message : error}`)
    if (!process.argv.includes('--if-possible')) process.exit(1)
  }
}
