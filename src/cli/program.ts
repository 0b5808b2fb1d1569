import { describeDemo, options } from '../../examples/demo/command-line.ts'
import type { CommandText, Output } from '../operator/command.ts'

/** The process of the command line. */
export interface Program extends Output {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** See `Invocation`. */
  readonly askSecret?: (question: string) => Promise<string>
  /** After this call, Ctrl+C or SIGTERM aborts the signal, and the second one ends the process at once. */
  listenForStop(): AbortSignal
  /** Calls back at each SIGHUP that asks for a reload. */
  onReload?(reload: () => void): void
}

/** Help of `keystead serve`, apart from its code, which takes a moment to load. */
export const serveText: CommandText = {
  path: ['serve'],
  summary: 'Runs the server, like npm start.',
  help: `
The settings come from the environment; .env.example lists all of them. Without any, the server runs in development
mode on an embedded database in the folder "data". It stops at SIGTERM or Ctrl+C, after the requests in flight.`,
  options: {},
}

/** Help of `keystead demo`, apart from its code, which other commands do not need. */
export const demoText: CommandText = {
  path: ['demo'],
  summary: 'Encrypts a file under a data key, rotates, and decrypts it, step by step.',
  help: describeDemo('keystead demo'),
  options: {
    file: { type: 'string', value: 'FILE', meaning: 'The file.', required: true, bare: true },
    ...options,
  },
}
