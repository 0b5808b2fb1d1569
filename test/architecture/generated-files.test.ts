import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)

describe('files that are printed from the code', () => {
  it.each([
    ['schema.graphql', 'print-schema.ts'],
    ['.env.example', 'print-env-example.ts'],
    ['docs/configuration.md', 'print-configuration.ts'],
    ['docs/commands.md', 'print-commands.ts'],
  ])('%s is up to date', async (file, script) => {
    const path = join(import.meta.dirname, '../../scripts', script)
    const { stdout } = await run(process.execPath, [path, '--check'])
    expect(stdout).toContain(`${file} is up to date`)
  })
})
