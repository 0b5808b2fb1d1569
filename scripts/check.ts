// Runs every check of `npm run check`, even after one has failed, and then names those that failed.
import { spawnSync } from 'node:child_process'

const checks = [
  'tsc -p .',
  'node console/build/schema-types.ts && tsc -p console',
  'tsc -p packages/client',
  'tsc -p packages/prisma',
  'biome ci .',
  'node scripts/check-migrations.ts',
  'node --no-warnings scripts/check-expressions.ts',
  'node scripts/print.ts --check',
  'npm run -s lint:schema',
]

const failed = checks.filter((command) => spawnSync(command, { shell: true, stdio: 'inherit' }).status !== 0)
if (failed.length > 0) {
  console.error(`\nFailed:\n${failed.map((command) => `  ${command}`).join('\n')}`)
  process.exitCode = 1
}
