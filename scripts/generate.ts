// Makes the database client from its Prisma schema, and with --tests that of the tests, unless they are there already and fit.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')

generate('the database client', 'prisma/schema.prisma', 'src/store/generated')
if (process.argv.includes('--tests')) {
  const ofTests = 'test/prisma-package/schema.prisma'
  const generator = globSync('packages/prisma/src/generator/*.ts', { cwd: root }).toSorted()
  generate('the database client of the tests', ofTests, 'test/prisma-package/generated', generator)
}

/** Runs `prisma generate` for a schema, whose client is in `output`. */
function generate(what: string, schema: string, output: string, sources: readonly string[] = []): void {
  // A generator that is a program of ours runs with the Node that this one runs with.
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const stampFile = join(root, output, '.made-from')
  const hash = createHash('sha256')
  for (const file of [schema, 'node_modules/prisma/package.json', ...sources])
    hash.update(readFileSync(join(root, file)))
  const stamp = hash.digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  // On standard error: the output of the command that needs the client goes into a file.
  console.error(`Making ${what} from ${schema} …`)
  try {
    execFileSync(
      process.execPath,
      [join(root, 'node_modules/prisma/build/index.js'), 'generate', '--no-hints', '--schema', schema],
      {
        cwd: root,
        stdio: 'pipe',
        env: { ...process.env, PATH, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
      },
    )
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer }
    console.error(`${stdout}${stderr}`)
    process.exit(1)
  }
  writeFileSync(stampFile, stamp)
}
