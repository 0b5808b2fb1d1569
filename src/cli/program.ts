import { describeDemo, options } from '../../examples/demo/command-line.ts'
import type { CommandText, Output } from '../command-line/command.ts'
import { shells } from '../command-line/completion.ts'
import type { Terminal } from '../user/user-command.ts'

/** The process of the command line. */
export interface Program extends Output {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** See `Invocation`. */
  readonly askSecret?: (question: string) => Promise<string>
  /** Terminal of commands for users; that of this process if not given. */
  readonly terminal?: Terminal
  /** After this call, Ctrl+C or SIGTERM aborts the signal, and the second one ends the process at once. */
  listenForStop(): AbortSignal
  /** Calls back at each SIGHUP that asks for a reload. */
  onReload?(reload: () => void): void
}

/** Finds the command with the longest name: `backup verify` is not `backup` with a file "verify". */
export function findCommand<Command extends CommandText>(
  commands: readonly Command[],
  args: readonly string[],
): Command | undefined {
  return commands
    .filter(({ path }) => path.every((word, index) => args[index] === word))
    .toSorted((a, b) => b.path.length - a.path.length)[0]
}

/** Help of `keystead serve`, apart from its code, which takes a moment to load. */
export const serveText: CommandText = {
  path: ['serve'],
  summary: 'Runs the server, like npm start.',
  help: `
The settings come from the environment; .env.example lists all of them. Without any, the server runs in development
mode on an embedded database in the folder "data". It stops at SIGTERM or Ctrl+C, after the requests in flight. SIGHUP lets
it read its certificate and root keys again.

With several workers, this process starts them, replaces those that end, and passes signals on; they serve requests on the
same port. The embedded database has one process: with it, "auto" is 1, and more are refused.`,
  options: {
    workers: {
      type: 'string',
      value: 'N',
      meaning:
        'Processes that serve requests: a number, or "auto" for one on each processor. The default is WORKERS.',
    },
  },
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

/** Help of `keystead completion`, which knows all commands, and so is apart from them. */
export const completionText: CommandText = {
  path: ['completion'],
  summary: 'Prints a script that completes commands and options in a shell.',
  help: `
Start the shell anew afterwards. Run it again after an update of Keystead.

Examples:
  keystead completion bash > ~/.local/share/bash-completion/completions/keystead
  keystead completion zsh > ~/.zfunc/_keystead
  keystead completion fish > ~/.config/fish/completions/keystead.fish

For zsh, ~/.zshrc needs: fpath+=~/.zfunc; autoload -Uz compinit; compinit`,
  options: {
    shell: {
      type: 'string',
      value: 'SHELL',
      bare: true,
      required: true,
      choices: shells,
      meaning: `The shell: ${shells.join(', ')}.`,
    },
  },
}
