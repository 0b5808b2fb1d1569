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

/** Reads a body of at most so many bytes; null if it is larger. What comes after the limit is not read. */
export async function readBody(request: Request, bytesMax: number): Promise<Buffer | null> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > bytesMax) return null
  if (request.body === null) return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
