import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import {
  cipher,
  encodeHeader,
  FileFormatError,
  type FileHeader,
  type Piece,
  readHeader,
  readPieces,
  segmentBytes,
  segmentNonce,
  tagBytes,
} from './file-format.ts'
import { writeNewFile } from './new-file.ts'

/** From where to where, and who watches. */
export interface Job {
  readonly source: string
  /** Must not exist; is there only if all went well. */
  readonly destination: string
  /** Told how many bytes of the source are done. */
  readonly onProgress?: (bytesDone: number) => void
  readonly signal?: AbortSignal
}

/** What a job has done. */
export interface JobReport {
  readonly segments: number
  /** Of the file that is not encrypted: its size, and its SHA-256 in hexadecimal. */
  readonly bytes: number
  readonly sha256: string
}

/** Encrypts a file under a data key, which must never serve for another file. Needs memory for a few segments only. */
export async function encryptFile(
  job: Job,
  { header, dataKey }: { readonly header: FileHeader; readonly dataKey: Uint8Array },
): Promise<JobReport> {
  const headerBytes = encodeHeader(header)
  return withFile(job.source, (source) =>
    writeNewFile(job.destination, async (destination) => {
      await destination.writeFile(headerBytes)
      const report = startReport()
      for await (const piece of readPieces(source, { from: 0, pieceBytes: segmentBytes })) {
        job.signal?.throwIfAborted()
        report.add(piece.bytes)
        const { ciphertext, tag } = sealSegment(piece, { dataKey, aad: headerBytes })
        await destination.writeFile(ciphertext)
        await destination.writeFile(tag)
        free(ciphertext)
        job.onProgress?.(report.bytes)
      }
      return report.end()
    }),
  )
}

/**
 * Decrypts a file. `unwrap` gets its data key from Keystead; it is filled with zeros here.
 *
 * @throws FileFormatError if the file is not, to the last bit, what was written
 */
export async function decryptFile(
  job: Job,
  unwrap: (header: FileHeader) => Promise<Uint8Array>,
): Promise<JobReport & { readonly header: FileHeader }> {
  return withFile(job.source, async (source) => {
    const { header, bytes: headerBytes } = await readHeader(source)
    const dataKey = await unwrap(header)
    try {
      return await writeNewFile(job.destination, async (destination) => {
        const report = startReport()
        const sealed = { from: headerBytes.length, pieceBytes: segmentBytes + tagBytes }
        let done = headerBytes.length
        for await (const piece of readPieces(source, sealed)) {
          job.signal?.throwIfAborted()
          const plaintext = openSegment(piece, { dataKey, aad: headerBytes })
          report.add(plaintext)
          await destination.writeFile(plaintext)
          free(plaintext)
          done += piece.bytes.length
          job.onProgress?.(done)
        }
        return { ...report.end(), header }
      })
    } finally {
      dataKey.fill(0)
    }
  })
}

interface SegmentSecrets {
  readonly dataKey: Uint8Array
  readonly aad: Uint8Array
}

function sealSegment({ index, bytes, isLast }: Piece, { dataKey, aad }: SegmentSecrets) {
  const sealing = createCipheriv(cipher, dataKey, segmentNonce(index, isLast), { authTagLength: tagBytes })
  sealing.setAAD(aad)
  const ciphertext = sealing.update(bytes)
  sealing.final()
  return { ciphertext, tag: sealing.getAuthTag() }
}

/** Gives no byte of the plaintext away before the tag has been verified. */
function openSegment({ index, bytes, isLast }: Piece, { dataKey, aad }: SegmentSecrets): Buffer {
  const textLength = bytes.length - tagBytes
  if (textLength < 0) throw new FileFormatError('The end of the file is missing.')
  const opening = createDecipheriv(cipher, dataKey, segmentNonce(index, isLast), { authTagLength: tagBytes })
  opening.setAAD(aad)
  opening.setAuthTag(bytes.subarray(textLength))
  const plaintext = opening.update(bytes.subarray(0, textLength))
  try {
    opening.final()
  } catch {
    throw new FileFormatError(
      `Segment ${index} of the file is not genuine: it was damaged, moved or changed, or the rest of the file is missing.`,
    )
  }
  return plaintext
}

/**
 * Gives the memory of a segment back now. Left to the garbage collector, which counts by objects rather than by their
 * size, some sixty segments would pile up.
 */
function free(bytes: Buffer): void {
  const { buffer } = bytes
  // Small buffers can share their memory with others.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) buffer.transfer(0)
}

function startReport() {
  const hash = createHash('sha256')
  let segments = 0
  let bytes = 0
  return {
    get bytes() {
      return bytes
    },
    add(plaintext: Uint8Array) {
      hash.update(plaintext)
      segments += 1
      bytes += plaintext.length
    },
    end: (): JobReport => ({ segments, bytes, sha256: hash.digest('hex') }),
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r')
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}
