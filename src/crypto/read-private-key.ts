import { createPrivateKey, type KeyObject, type PrivateKeyInput, randomFillSync } from 'node:crypto'

const scratch = Buffer.alloc(1)

/**
 * Reads a private key in DER or PEM. The only place that calls `createPrivateKey` (test/architecture/layers.test.ts).
 *
 * Each thread has one queue of OpenSSL errors. Some calls of node:crypto leave errors there, for example the export of a
 * point at infinity, and `createPrivateKey` takes what it finds there for its own failure: without emptying the queue
 * first, one caller's bad key makes the next caller's good key fail.
 */
export function readPrivateKey(input: PrivateKeyInput | string): KeyObject {
  emptyErrorQueue()
  return createPrivateKey(input)
}

/** Node has no call for this alone; drawing random bytes is the cheapest one that empties the queue and always runs. */
function emptyErrorQueue(): void {
  randomFillSync(scratch)
}
