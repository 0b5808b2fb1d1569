import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export const script = join(import.meta.dirname, '../../examples/demo/main.ts')

/** How a run of the demo has ended. */
export interface DemoResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo as a process of its own, with nothing of this environment. */
export async function runDemo(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<DemoResult> {
  const child = spawn(process.execPath, [script, ...args], {
    env: demoEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return readResult(child)
}

/** What the demo sees of the environment. */
export function demoEnvironment(environment: Record<string, string>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...environment }
}

/** Waits for the end of a process, and gives its output. */
export async function readResult(child: ChildProcess): Promise<DemoResult> {
  const [stdout, stderr] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    once(child, 'close'),
  ])
  return { status: child.exitCode, stdout, stderr }
}

/** A new folder that goes with the test, or with `remove` if it is not made in one. */
export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'keystead-test-demo-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A file alone in a folder of its own, and beside it a folder to be the demo's TMPDIR. */
export function makeFileForTest(content: Uint8Array, name = 'letter.txt') {
  const { path: root, remove } = makeFolder()
  onTestFinished(remove)
  const folder = join(root, 'files')
  const temporaryFolder = join(root, 'tmp')
  for (const each of [folder, temporaryFolder]) mkdirSync(each)
  const path = join(folder, name)
  writeFileSync(path, content)
  return { path, folder, temporaryFolder }
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
