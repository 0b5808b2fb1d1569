import { CommandError, type Output } from '../command-line/command.ts'
import type { Config } from '../config.ts'
import { openParts } from '../open-parts.ts'
import { runInServer } from '../operator/client.ts'
import type { OperatorCommand } from '../operator/command.ts'
import { runOperatorCommand } from '../operator/run-command.ts'
import { hasOperatorSockets } from '../operator/socket.ts'
import { hasEmbeddedDatabase } from '../store/embedded/database-folder.ts'
import { FolderInUseError } from '../store/errors.ts'

/**
 * Runs a command on the data: inside the server that has the embedded database open, or in this process. Unlike a server, it
 * creates no database and applies no migrations.
 */
export async function runOnData(
  config: Config,
  command: OperatorCommand,
  args: readonly string[],
  io: Output & { readonly signal: AbortSignal },
): Promise<number> {
  const { DATABASE_URL, DATA_FOLDER } = config
  if (DATABASE_URL === null) {
    if (!hasEmbeddedDatabase(DATA_FOLDER)) {
      throw new CommandError(
        `There is no database in the folder ${DATA_FOLDER}. Set DATA_FOLDER or DATABASE_URL as for the server.`,
      )
    }
    const exit = hasOperatorSockets ? await runInServer(DATA_FOLDER, { path: command.path, args }, io) : null
    if (exit !== null) return exit
  }
  const opened = await openParts(config, {
    prepare: false,
    alert: (error) => void io.progress(error.message),
    warn: (text) => void io.progress(text),
  }).catch((error: unknown) => {
    throw error instanceof FolderInUseError ? new CommandError(folderInUse(DATA_FOLDER)) : error
  })
  try {
    return await runOperatorCommand(command, args, { parts: opened.parts, ...io })
  } finally {
    await opened.close()
  }
}

function folderInUse(dataFolder: string): string {
  return hasOperatorSockets
    ? `A process is using the data folder ${dataFolder} and takes no commands: it is starting or stopping, or its log says why. Try again in a moment, or stop it first.`
    : `A process is using the data folder ${dataFolder}. On Windows commands cannot reach a running server on an embedded database: stop it first.`
}
