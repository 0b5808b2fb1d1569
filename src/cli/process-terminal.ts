import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline/promises'
import type { Terminal } from '../user/user-command.ts'

/** The terminal, pipes and files of this process. */
export const processTerminal: Terminal = {
  get input() {
    return process.stdin
  },
  get output() {
    return process.stdout
  },
  isInputTerminal: process.stdin.isTTY === true,
  isOutputTerminal: process.stdout.isTTY === true,
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  ask: process.stdin.isTTY ? ask : null,
  openBrowser,
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  // On standard error: the output of the command may go into a file.
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const stop = new AbortController()
  terminal.on('SIGINT', () => stop.abort())
  try {
    return await terminal.question(question, { signal: AbortSignal.any([signal, stop.signal]) })
  } catch {
    process.stderr.write('\n')
    process.exit(130)
  } finally {
    terminal.close()
  }
}

/** Programs that open an address; it is an argument of its own, so that no shell reads it. */
const openers: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

function openBrowser(url: string): Promise<void> {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open']
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    child.once('error', reject)
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
