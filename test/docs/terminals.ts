import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

const root = join(import.meta.dirname, '../..')
/** What a fresh clone does not have, or the tutorial does not need. */
const notCopied = new Set(['.git', 'node_modules', 'data', 'dist', 'test'])

/** The environment of somebody's shell: without the programs that npm puts on the path of scripts. */
const environment = {
  PATH: (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':'),
  HOME: process.env['HOME'],
}

/** Programs of a list that cannot be run here. */
export function missingPrograms(...programs: string[]): string[] {
  const isMissing = (program: string) => spawnSync(program, ['--version'], { env: environment }).error
  return programs.filter(isMissing)
}

/** A folder like a fresh clone in which `npm ci` was run: the sources as they are now, and what they depend on. */
export function copyCheckout(folder: string): string {
  cpSync(root, folder, { recursive: true, filter: (path) => !notCopied.has(basename(path)) })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** A terminal in which the server runs. */
export interface Terminal {
  readonly url: string
  readonly output: readonly string[]
  /** Presses Ctrl+C, and waits until the shell is back. */
  interrupt(): Promise<void>
}

/**
 * Runs the commands that start the server. Three things are not as they stand: the clone is a copy of this checkout,
 * `npm ci` has happened, and the port is any that is free.
 */
export async function startFirstTerminal(folder: string, typed: string, checkout: string): Promise<Terminal> {
  const commands = typed
    .replace('git clone ADDRESS_OF_THIS_REPOSITORY keystead', `cp -R '${checkout}' keystead`)
    .replace('npm ci && ', '')
  // A group of its own, since Ctrl+C reaches the shell and everything that it started.
  const child = spawn('bash', ['-c', commands], {
    cwd: folder,
    env: { ...environment, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const exited = once(child, 'close')
  // Also where a test ends without stopping it.
  const kill = () => signalGroup(child, 'SIGKILL')
  process.once('exit', kill)
  exited.then(() => process.off('exit', kill))
  const output: string[] = []
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line)
      const [, url] = /GraphiQL +(http:\/\/[^/\s]+)/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  }
  exited.then(() => reject(new Error(`the server ended: ${output.join('\n')}`)))
  return {
    url: await listening,
    output,
    async interrupt() {
      signalGroup(child, 'SIGINT')
      await exited
    },
  }
}

function signalGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
}

const mark = '=== the next command ==='

/** Types commands into one shell after the other, and gives what each of them printed. */
export async function typeInto(folder: string, commands: readonly string[]): Promise<string[]> {
  const script = commands.map((command) => `${command}\necho '${mark}'\n`).join('')
  const child = spawn('bash', ['-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return (await text(child.stdout)).split(`${mark}\n`)
}
