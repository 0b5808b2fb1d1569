// Makes the database client from prisma/schema.prisma, unless it is there already and fits.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const output = join(root, 'src/store/generated')
const stampFile = join(output, '.made-from')

const stamp = createHash('sha256')
  .update(readFileSync(join(root, 'prisma/schema.prisma')))
  .update(readFileSync(join(root, 'node_modules/prisma/package.json')))
  .digest('hex')

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  // On standard error: the output of the command that needs the client goes into a file.
  console.error('Making the database client from prisma/schema.prisma …')
  try {
    execFileSync(
      process.execPath,
      [join(root, 'node_modules/prisma/build/index.js'), 'generate', '--no-hints'],
      {
        cwd: root,
        stdio: 'pipe',
        env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
      },
    )
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer }
    console.error(`${stdout}${stderr}`)
    process.exit(1)
  }
  writeFileSync(stampFile, stamp)
}
