// Compiles the packages, each from its src to its dist, which is what npm packs, unless it is there already and fits.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

// Types of the second one refer to the first one.
await build('client', writeDocuments)
await build('prisma')

async function build(name: string, finish?: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(root, 'packages', name)
  const output = join(folder, 'dist')
  /** Beside the folder, so that it is not packed. */
  const stampFile = join(folder, '.made-from')

  const sources = globSync(['src/**/*.ts', 'tsconfig.json', 'tsconfig.build.json'], { cwd: folder })
  const hash = createHash('sha256').update(readFileSync(join(root, 'node_modules/typescript/package.json')))
  hash.update(readFileSync(import.meta.filename))
  for (const file of sources.toSorted()) hash.update(`${file}\0`).update(readFileSync(join(folder, file)))
  const stamp = hash.digest('hex')

  const isBuilt = () =>
    existsSync(output) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
  if (isBuilt()) return

  // On standard error: the output of the command that needs the package goes into a file.
  console.error(`Building packages/${name}/dist …`)
  const unfinished = `${output}-${process.pid}`
  const project = ['-p', join(folder, 'tsconfig.build.json'), '--outDir', unfinished]
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...project], {
      stdio: 'inherit',
    })
    await finish?.(unfinished)
    rmSync(output, { recursive: true, force: true })
    renameSync(unfinished, output)
    writeFileSync(stampFile, stamp)
  } catch (error) {
    // Another process may have built the same at the same time.
    if (!isBuilt()) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** The documents of all operations by their IDs, for servers that take trusted documents only. */
async function writeDocuments(folder: string): Promise<void> {
  const { operations } = await import(join(folder, 'generated/operations.js'))
  const documents = Object.values<{ readonly document: string }>(operations).map(({ document }) => [
    createHash('sha256').update(document).digest('hex'),
    document,
  ])
  writeFileSync(join(folder, 'documents.json'), `${JSON.stringify(Object.fromEntries(documents), null, 2)}\n`)
}
