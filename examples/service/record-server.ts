import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { isKeysteadError, type KeysteadClient } from '@keystead/client'

/** What the server keeps records with, and where. */
export interface RecordServerParts {
  readonly keystead: KeysteadClient
  /** A key for encryption: its ID, name or alias. */
  readonly key: string
  readonly folder: string
}

const contentBytesMax = 1024 * 1024
/** The same for all records, which share data keys for that reason. */
const context = { service: 'records' }

/** Answers PUT and GET of `/records/ID`. */
export function createRecordServer({ keystead, key, folder }: RecordServerParts): Server {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id] = /^\/records\/([A-Za-z0-9-]{1,64})$/.exec(request.url ?? '') ?? []
    if (id === undefined) return end(response, 404)
    const file = join(folder, id)
    // Each record is bound to its ID, so that none can be passed off as another.
    const binding = { key, context, additionalAuthenticatedData: new TextEncoder().encode(id) }
    if (request.method === 'PUT') {
      const content = await readContent(request)
      if (content === null) return end(response, 413)
      await writeFile(file, await keystead.envelope.encrypt(content, binding))
      return end(response, 204)
    }
    if (request.method === 'GET') {
      return end(response, 200, await keystead.envelope.decrypt(await readFile(file), binding))
    }
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

const passing = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'CONNECTION', 'TIMEOUT', 'TOKEN'])

/** Who asks learns whether it helps to ask again, and nothing of keys. */
function statusOf(error: unknown): number {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 404
  return isKeysteadError(error) && passing.has(error.code) ? 503 : 500
}

function end(response: ServerResponse, status: number, body?: Uint8Array): void {
  response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(body)
}
