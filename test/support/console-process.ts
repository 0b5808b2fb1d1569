import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const consoleFolder = join(import.meta.dirname, '../../examples/console')
const vite = join(consoleFolder, 'node_modules/vite/bin/vite.js')
const run = promisify(execFile)

/** The console has dependencies of its own, which `npm ci` in its folder installs. */
export const hasConsoleDependencies = existsSync(vite)

/** The built console, served beside a server as its `npm run preview` does. */
export interface ConsoleProcess {
  readonly url: string
  stop(): Promise<void>
}

/** Builds the console into a folder, and serves it with what it asks the server at `serverUrl`. */
export async function startConsole(outDir: string, serverUrl: string): Promise<ConsoleProcess> {
  const options = {
    cwd: consoleFolder,
    env: { PATH: process.env['PATH'], KEYSTEAD_URL: serverUrl, NO_COLOR: '1' },
  }
  await run(process.execPath, [vite, 'build', '--outDir', outDir, '--logLevel', 'warn'], options)
  const args = [vite, 'preview', '--outDir', outDir, '--port', '0', '--host', '127.0.0.1']
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  // Also where a test ends without stopping it.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  exited.then(() => process.off('exit', kill))
  const url = await addressOf(child, exited)
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Waits until it says where it listens. */
function addressOf(child: ChildProcess, exited: Promise<unknown>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line)
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  }
  exited.then(() => reject(new Error(`the console ended: ${output.join('\n')}`)))
  return promise
}
