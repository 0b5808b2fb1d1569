import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Asks on the terminal for something that is not shown while it is typed. */
export async function askSecret(question: string): Promise<string> {
  process.stderr.write(question)
  // What is typed is shown by whoever reads the terminal; this reader shows it to nobody.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  const stop = new AbortController()
  terminal.on('SIGINT', () => stop.abort())
  try {
    return await terminal.question('', { signal: stop.signal })
  } catch {
    process.exit(130)
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
