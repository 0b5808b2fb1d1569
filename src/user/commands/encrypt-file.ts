import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isKeysteadError } from '../../../packages/client/src/index.ts'
import { CommandError, exitCodes, UsageError } from '../../command-line/command.ts'
import { connect, connectionOptions } from '../connect.ts'
import { pairsOf } from '../key-texts.ts'
import { checkTarget, outputOptions, type Target, writeOutput } from '../output-file.ts'
import { codeOf } from '../saved-logins.ts'
import { defineUserCommand, type UserContext } from '../user-command.ts'

/** The positional argument of the file to read. */
export const inputOption = {
  file: { type: 'string', value: 'FILE', bare: true, meaning: 'The file; "-" or nothing is standard input.' },
} as const

const contextOption = {
  context: {
    type: 'string',
    value: 'NAME=VALUE',
    many: true,
    meaning: 'A pair of the encryption context, which decryption must repeat. May be repeated; not secret.',
  },
} as const

const encryptedMode = 0o666
const decryptedMode = 0o600

/** `keystead encrypt`. */
export const encrypt = defineUserCommand({
  path: ['encrypt'],
  summary: 'Encrypts a file of any size under a key.',
  help: `
The content is encrypted here, under a data key that the server wraps; it never leaves this machine. The result is an
envelope (docs/envelope-format.md), which keystead decrypt and @keystead/client open.

A file is written under a temporary name and renamed when it is whole, and never replaces another one without --force.

Examples:
  keystead encrypt report.pdf --key orders --output report.pdf.keystead
  tar c photos | keystead encrypt --key orders --context purpose=backup > photos.tar.keystead`,
  options: {
    ...inputOption,
    key: { type: 'string', value: 'KEY', required: true, meaning: 'The key: its name, alias or ID.' },
    ...contextOption,
    ...outputOptions,
    ...connectionOptions,
  },
  async carryOut(context) {
    const { options, signal } = context
    const target = targetOf(context, encryptedMode)
    await checkTarget(target)
    const pairs = pairsOf('context', options.context)
    const { client } = await connect(context)
    try {
      const content = await openInput(context)
      const envelope = await client.envelope.encrypt(content, {
        key: options.key,
        ...contextIn(pairs),
        signal,
      })
      await writeOutput(envelope, target)
    } finally {
      client.close()
    }
    return exitCodes.fine
  },
})

/** `keystead decrypt`. */
export const decrypt = defineUserCommand({
  path: ['decrypt'],
  summary: 'Decrypts a file that keystead encrypt has written.',
  help: `
Each piece is verified before it is written, but only the end says that nothing is missing. A file gets its name at the
end only. A program that reads standard output must look at the exit code: after 1 it has to discard what it got.

The envelope names its key. With --key, envelopes of other keys are refused: give it if others may write the file.

Examples:
  keystead decrypt report.pdf.keystead --output report.pdf
  keystead decrypt --context purpose=backup < photos.tar.keystead | tar x`,
  options: {
    ...inputOption,
    key: {
      type: 'string',
      value: 'KEY',
      meaning: 'The key that it must be encrypted under: its name, alias or ID.',
    },
    ...contextOption,
    ...outputOptions,
    ...connectionOptions,
  },
  async carryOut(context) {
    const { options, signal } = context
    const { key } = options
    const target = targetOf(context, decryptedMode)
    await checkTarget(target)
    const pairs = pairsOf('context', options.context)
    const { client } = await connect(context)
    try {
      const envelope = await openInput(context)
      const content = await client.envelope.decrypt(envelope, {
        ...(key !== undefined && { key }),
        ...contextIn(pairs),
        signal,
      })
      await writeOutput(content, target)
    } catch (error) {
      throw explained(error)
    } finally {
      client.close()
    }
    return exitCodes.fine
  },
})

interface FileOptions {
  readonly file: string | undefined
  readonly output: string | undefined
  readonly force: boolean
}

function targetOf({ options, terminal, signal }: UserContext<FileOptions>, mode: number): Target {
  const { output, force } = options
  return { output, force, terminal, signal, mode }
}

function contextIn(pairs: Readonly<Record<string, string>>): { context?: Readonly<Record<string, string>> } {
  return Object.keys(pairs).length === 0 ? {} : { context: pairs }
}

function explained(error: unknown): unknown {
  if (!isKeysteadError(error)) return error
  if (error.code === 'INVALID_CIPHERTEXT') {
    return new CommandError(
      `${error.message} The file was changed, or its --context is another one, or it is of another project.`,
    )
  }
  if (error.code !== 'INVALID_ENVELOPE') return error
  return new CommandError(`${error.message} The file is not as keystead encrypt wrote it.`)
}

/**
 * Opens the file to read.
 *
 * @throws CommandError if it cannot be read, UsageError if it is missing on a terminal
 */
export async function openInput({
  options,
  terminal,
}: UserContext<{ readonly file: string | undefined }>): Promise<AsyncIterable<Uint8Array>> {
  const { file } = options
  if (file === undefined || file === '-') {
    if (file === undefined && terminal.isInputTerminal) {
      throw new UsageError('The file is missing. Give FILE, or "-" to type in the content.')
    }
    return terminal.input
  }
  // Before anything is asked of the server.
  const found = await stat(file).catch((error: unknown) => {
    throw unreadable(error, file)
  })
  if (found.isDirectory()) throw new CommandError(`${file} is a folder, and not a file.`)
  return readingOf(file)
}

/** Opens the file only when it is read, so that it is closed in any case. */
async function* readingOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file)
  } catch (error) {
    throw unreadable(error, file)
  }
}

function unreadable(error: unknown, file: string): unknown {
  const code = codeOf(error)
  if (code === 'unknown error' || code.startsWith('ERR_')) return error
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EACCES: 'cannot be read: you have no permission',
  }
  return new CommandError(`${file} ${reasons[code] ?? `cannot be read (${code})`}.`)
}
