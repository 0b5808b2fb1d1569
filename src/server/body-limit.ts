import type { IncomingMessage } from 'node:http'
import type { Config } from '../config.ts'

/** Bytes by which base64 exceeds what it stands for. */
const base64Factor = 4 / 3
/** For each item of a batch: its JSON names, IDs and reference, and by how much its ciphertext exceeds its plaintext. */
const itemOverheadBytes = 2048
/** For the document, its fragments, and all that is not a batch. */
const requestOverheadBytes = 65_536

/**
 * The largest body that a request may have. It follows from the limits of batches, so that whatever `encryptBatch`
 * returns fits `decryptBatch`.
 */
export function bodyBytesMax(config: Pick<Config, 'BATCH_BYTES_MAX' | 'BATCH_ITEMS_MAX'>): number {
  const { BATCH_BYTES_MAX, BATCH_ITEMS_MAX } = config
  return (
    Math.ceil(BATCH_BYTES_MAX * base64Factor + BATCH_ITEMS_MAX * itemOverheadBytes) + requestOverheadBytes
  )
}

/**
 * Reads a body of at most so many bytes; null if it is larger. What comes after the limit is not read. Rejects if the
 * client breaks off.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return Promise.resolve(null)
  const chunks: Buffer[] = []
  let bytes = 0
  // By events rather than as an iterator, which costs more than all else that is done to read a short body.
  return new Promise((resolve, reject) => {
    let hasEnded = false
    // Closes after its end, too; to make an error for nobody would be a twentieth of the time that a short request takes.
    const breakOff = () => {
      if (!hasEnded) reject(new Error('the client has broken off its request'))
    }
    // May have happened before anybody listened.
    if (request.destroyed) breakOff()
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bytesMax) {
        chunks.push(chunk)
        return
      }
      request.pause()
      resolve(null)
    })
    request.once('end', () => {
      hasEnded = true
      resolve(chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks))
    })
    request.once('error', breakOff)
    request.once('close', breakOff)
  })
}
