import type { Config } from '../../config.ts'

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
