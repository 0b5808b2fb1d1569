import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

export const script = join(import.meta.dirname, '../../examples/encrypt-file.ts')

/** How a run of the demo has ended. */
export interface DemoResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs the demo as a process of its own, with nothing of this environment. A shell stands in between: a process starts
 * with the peak of memory of the one that made it, and that of a test runner would hide the demo's own.
 */
export async function runDemo(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<DemoResult> {
  const child = spawn('/bin/sh', ['-c', '"$0" "$@"; exit $?', process.execPath, script, ...args], {
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

/** Keystead in development mode, as a newcomer has it running. */
export async function startDevelopmentServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const { path, remove } = makeFolder()
  const server: ServerProcess = await startServerProcess({ PORT: '0', DATA_FOLDER: path, LOG_LEVEL: 'error' })
  return {
    url: server.url,
    async stop() {
      await server.stop('SIGTERM')
      remove()
    },
  }
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The header that the demo has written, read without the demo's own code. */
export function readHeaderLine(path: string): {
  fileId: string
  keyId: string
  keyVersion: number
  wrappedKey: string
} {
  const [format, json = ''] = readFileSync(path).toString('latin1').split('\n')
  if (format !== 'keystead-file-v1') throw new Error('not an encrypted file')
  return JSON.parse(json)
}
