import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

it('the database client of a fresh checkout is made without a word on standard output', async () => {
  const checkout = mkdtempSync(join(tmpdir(), 'keystead-checkout-'))
  onTestFinished(() => rmSync(checkout, { recursive: true }))
  for (const path of ['scripts/generate.ts', 'prisma/schema.prisma', 'prisma.config.ts', 'package.json']) {
    cpSync(join(root, path), join(checkout, path), { recursive: true })
  }
  mkdirSync(join(checkout, 'src/store'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const make = () => run(process.execPath, [join(checkout, 'scripts/generate.ts')])
  const first = await make()
  expect(existsSync(join(checkout, 'src/store/generated/.made-from'))).toBe(true)
  expect(first.stdout).toBe('')
  expect(first.stderr).toContain('Making the database client')
  expect(await make()).toEqual({ stdout: '', stderr: '' })
})
