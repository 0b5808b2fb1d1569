import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'

/** The server did not start. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError'
}

/** As TypeScript in a checkout, compiled in the package: like this file. */
const mainFile = join(import.meta.dirname, `../../src/main${extname(import.meta.filename)}`)
const stopTimeoutMs = 15_000

/** Starts Keystead in development mode on any free port, with a data folder that goes with it. */
export async function startOwnServer(signal: AbortSignal): Promise<{ url: string } & AsyncDisposable> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'keystead-demo-'))
  const child = spawn(process.execPath, [mainFile], {
    // Nothing else of the environment: settings of another Keystead must not reach this one.
    env: { PATH: process.env['PATH'], PORT: '0', DATA_FOLDER: dataFolder, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own, so that Ctrl+C in a terminal reaches this program only, which then stops the server.
    detached: true,
  })
  const exited = once(child, 'exit').catch((error: unknown) => error)
  // The last resort, if this process ends without having come to the end of the program.
  const atExit = () => {
    child.kill('SIGKILL')
    rmSync(dataFolder, { recursive: true, force: true })
  }
  process.once('exit', atExit)

  async function stop(): Promise<void> {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    child.kill('SIGTERM')
    await exited
    clearTimeout(timer)
    await rm(dataFolder, { recursive: true, force: true })
    process.off('exit', atExit)
  }

  try {
    return { url: await readUrl(child, exited, signal), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The server says on its output where it listens. */
async function readUrl(child: ChildProcess, exited: Promise<unknown>, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    // Reads to the end of the output, long after the line that is looked for: a full pipe would stop the server.
    createInterface({ input: stream }).on('line', (line) => {
      if (lines.length < 20) lines.push(line)
      const [, url] = /GraphiQL +(http:\/\/[^/\s]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  }
  exited.then(() => reject(new ServerStartError(`The server did not start:\n${lines.join('\n')}`)))
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
