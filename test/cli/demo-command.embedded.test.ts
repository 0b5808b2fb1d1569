import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeFileForTest } from '../examples/demo-process.ts'
import { quickStart } from '../support/command-process.ts'

const program = join(import.meta.dirname, '../../src/main.ts')

describe('keystead demo', () => {
  it('encrypts and decrypts on a server of its own, whatever settings another server has', async () => {
    const { path, folder, child } = startDemo({ PORT: 'not a port', DATABASE_URL: 'nowhere' })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Both are the same.')
    expect(readdirSync(folder)).toEqual([path])
  })

  it('removes what it has made also where nobody reads on', async () => {
    const { path, folder, temporaryFolder, child } = startDemo({})
    const said = text(child.stderr)
    const closed = once(child, 'close')
    await once(child.stdout, 'data')
    child.stdout.destroy()
    await closed
    expect({ code: child.exitCode, said: await said }).toEqual({
      code: 128 + 13,
      said: '\nStopped by SIGPIPE; what was made has been removed.\n',
    })
    expect(readdirSync(folder)).toEqual([path])
    expect(readdirSync(temporaryFolder)).toEqual([])
  })
})

/** Starts the demo in the file's folder, with a TMPDIR that nothing else has. */
function startDemo(environment: Record<string, string>) {
  const { folder, temporaryFolder } = makeFileForTest(Buffer.from('Dear Ada'))
  const child = spawn(process.execPath, [...quickStart, program, 'demo', 'letter.txt'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], TMPDIR: temporaryFolder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { path: 'letter.txt', folder, temporaryFolder, child }
}
