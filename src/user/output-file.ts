import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandError, UsageError } from '../command-line/command.ts'
import { syncFolder } from '../durable-files.ts'
import { codeOf } from './saved-logins.ts'
import type { Terminal } from './user-command.ts'

/** Options of the commands that write a file. */
export const outputOptions = {
  output: {
    type: 'string',
    value: 'FILE',
    meaning: 'The file to write; "-" is standard output, which is the default.',
  },
  force: { type: 'boolean', meaning: 'Replaces an existing file.' },
} as const

/** Where a command writes to. */
export interface Target {
  readonly output: string | undefined
  readonly force: boolean
  readonly terminal: Terminal
  readonly signal: AbortSignal
  /** Permissions of a new file. */
  readonly mode: number
}

/**
 * Refuses to write to a terminal, or over a file. To be asked before anything is done.
 *
 * @throws UsageError or CommandError
 */
export async function checkTarget({ output, force, terminal }: Target): Promise<void> {
  if (output === undefined && terminal.isOutputTerminal) {
    throw new UsageError(
      'The result may be no text, and is not written to a terminal. Give --output FILE, or "--output -" to do it nevertheless.',
    )
  }
  if (output === undefined || output === '-') return
  if (output === '') throw new UsageError('--output must name a file.')
  const found = await stat(output).catch(() => null)
  if (found?.isDirectory() === true) throw new CommandError(`${output} is a folder. Name a file in it.`)
  if (found?.isFile() === true && !force) throw existing(output)
  if (found !== null) refusePipeOfOthers(output, found)
}

/**
 * Writes chunks to a file, or to standard output. A file gets its name only when it is whole; until then it has a temporary
 * name, and if anything fails it is removed. A link in its place is replaced, not followed.
 */
export async function writeOutput(chunks: AsyncIterable<Uint8Array>, target: Target): Promise<void> {
  const { output, terminal, signal } = target
  if (output === undefined || output === '-') {
    for await (const chunk of chunks) await writeTo(terminal, chunk, signal)
    return
  }
  const found = await stat(output).catch(() => null)
  // A pipe or a device, such as /dev/stdout, has no contents that could be replaced.
  if (found !== null && !found.isFile()) {
    await withFile(
      output,
      () => openPipeOrDevice(output),
      (handle) => writeAll(handle, chunks, signal),
    )
    return
  }
  await writeFile(output, chunks, target)
}

/**
 * Opens a pipe or a device. Makes no file and empties none: another one may be there by now.
 *
 * @throws CommandError if it is a file, or a pipe of somebody else
 */
export async function openPipeOrDevice(output: string): Promise<FileHandle> {
  const handle = await open(output, constants.O_WRONLY)
  try {
    const found = await handle.stat()
    if (found.isFile()) {
      throw new CommandError(`${output} became a file in the meantime, and was not changed. Try again.`)
    }
    refusePipeOfOthers(output, found)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Refuses a named pipe that somebody else has put there to read the result. */
function refusePipeOfOthers(output: string, found: Stats): void {
  if (!found.isFIFO() || process.geteuid === undefined || found.uid === process.geteuid()) return
  throw new CommandError(
    `${output} is a pipe of another user (${found.uid}), and was not written to. Name a file, or leave out --output to write to standard output.`,
  )
}

async function writeFile(
  output: string,
  chunks: AsyncIterable<Uint8Array>,
  { force, mode, signal }: Target,
): Promise<void> {
  const folder = dirname(output)
  const unfinished = join(folder, `.${basename(output)}.${randomBytes(6).toString('hex')}.unfinished`)
  try {
    await withFile(
      output,
      () => open(unfinished, 'wx', mode),
      async (handle) => {
        await writeAll(handle, chunks, signal)
        await handle.sync()
      },
    )
    signal.throwIfAborted()
    if (!force) await reserve(unfinished, output)
    await rename(unfinished, output)
    await syncFolder(folder)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw existing(output)
    throw error
  } finally {
    await rm(unfinished, { force: true })
  }
}

/** Makes sure that a rename replaces nothing that appeared in the meantime. */
async function reserve(unfinished: string, output: string): Promise<void> {
  try {
    await link(unfinished, output)
  } catch (error) {
    // Some file systems have no links.
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(codeOf(error))) throw error
    await (await open(output, 'wx')).close()
  }
}

async function withFile(
  output: string,
  openIt: () => Promise<FileHandle>,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await openIt().catch((error: unknown) => {
    if (error instanceof CommandError) throw error
    throw new CommandError(`${output} cannot be written (${codeOf(error)}).`)
  })
  try {
    await write(handle)
  } finally {
    await handle.close()
  }
}

async function writeAll(
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of chunks) {
    signal.throwIfAborted()
    await handle.writeFile(chunk)
  }
}

/** Resolves once the reader is ready for more. */
function writeTo({ output }: Terminal, chunk: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    output.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}

function existing(output: string): CommandError {
  return new CommandError(
    `${output} exists already, and was not changed. Give another name, or --force to replace it.`,
  )
}
