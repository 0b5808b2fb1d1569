import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { KeysteadError, KeysteadUnreachableError } from '../keystead-client.ts'
import type { RecordVault } from './record-vault.ts'

/** What the server keeps records with, and where. */
export interface RecordServerParts {
  readonly vault: RecordVault
  readonly folder: string
}

const contentBytesMax = 1024 * 1024

/** Answers PUT and GET of `/records/ID`. */
export function createRecordServer({ vault, folder }: RecordServerParts): Server {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id] = /^\/records\/([A-Za-z0-9-]{1,64})$/.exec(request.url ?? '') ?? []
    if (id === undefined) return end(response, 404)
    const file = join(folder, id)
    if (request.method === 'PUT') {
      const content = await readContent(request)
      if (content === null) return end(response, 413)
      await writeFile(file, await vault.seal(id, content))
      return end(response, 204)
    }
    if (request.method === 'GET') return end(response, 200, await vault.open(id, await readFile(file)))
    return end(response, 405)
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => end(response, statusOf(error)))
  })
}

/** Null if it is too long. */
async function readContent(request: IncomingMessage): Promise<Buffer | null> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += piece.length
    if (bytes > contentBytesMax) return null
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Who asks learns whether it helps to ask again, and nothing of keys. */
function statusOf(error: unknown): number {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 404
  if (error instanceof KeysteadUnreachableError) return 503
  return error instanceof KeysteadError && error.code === 'UNAVAILABLE' ? 503 : 500
}

function end(response: ServerResponse, status: number, body?: Buffer): void {
  response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(body)
}
