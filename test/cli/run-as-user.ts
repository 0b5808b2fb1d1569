import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { runKeystead } from '../../src/cli/keystead.ts'

/** What a command is run with. */
export interface UserOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** Standard input; a terminal on which nobody types if not given. */
  readonly input?: Uint8Array | AsyncIterable<Uint8Array>
  /** Width of the terminal that the output goes to; a pipe if not given. */
  readonly columns?: number
  /** What the person answers to questions; no terminal if not given. */
  readonly answer?: string
  readonly signal?: AbortSignal
  /** Called with what is said on standard error, such as the address of a login. */
  readonly onSaid?: (text: string) => void
  readonly openBrowser?: (url: string) => Promise<void>
}

/** How a command ended. */
export interface UserResult {
  readonly code: number
  /** Standard output. */
  readonly printed: string
  readonly bytes: Buffer
  /** Standard error. */
  readonly said: string
}

/** A person with a home folder of its own, who runs commands in this process. */
export interface Person {
  readonly home: string
  /** Folder of the logins. */
  readonly config: string
  /** A path in the home folder. */
  path(name: string): string
  run(...args: readonly string[]): Promise<UserResult>
  runWith(options: UserOptions, ...args: readonly string[]): Promise<UserResult>
  remove(): void
}

/** Makes a person with an empty home folder and these variables. */
export function createPerson(environment: Readonly<Record<string, string>> = {}): Person {
  const home = mkdtempSync(join(tmpdir(), 'keystead-user-'))
  const runWith = async (options: UserOptions, ...args: readonly string[]) => {
    const out: Buffer[] = []
    const said: string[] = []
    const { input, columns = null, answer, onSaid } = options
    const stop = options.signal ?? new AbortController().signal
    const code = await runKeystead(args, {
      environment: { HOME: home, ...environment, ...options.environment },
      print: async (line) => void out.push(Buffer.from(`${line}\n`)),
      async progress(line) {
        said.push(`${line}\n`)
        onSaid?.(line)
      },
      listenForStop: () => stop,
      terminal: {
        input:
          input === undefined
            ? Readable.from([])
            : Readable.from(input instanceof Uint8Array ? [input] : input),
        isInputTerminal: input === undefined,
        output: new Writable({
          write(chunk, _encoding, done) {
            out.push(Buffer.from(chunk))
            done()
          },
        }),
        isOutputTerminal: columns !== null,
        columns,
        ask: answer === undefined ? null : async () => answer,
        openBrowser: options.openBrowser ?? (() => Promise.reject(new Error('no browser'))),
      },
    })
    const bytes = Buffer.concat(out)
    return { code, printed: bytes.toString(), bytes, said: said.join('') }
  }
  return {
    home,
    config: join(home, '.config/keystead'),
    path: (name) => join(home, name),
    run: (...args) => runWith({}, ...args),
    runWith,
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}
