import { hash } from 'node:crypto'
import { hex } from '../store/table.ts'

/** Detail of a recorded change that holds the state of the key's rows after it. */
export const keyStateDetail = 'keyState'

/** Input for the state of a key: the MACs of its rows, which cover all columns. */
export interface KeyStateParts {
  /** MAC of the key's row, or of its tombstone. */
  readonly mac: Uint8Array
  /** In the order of their numbers; none for a deleted key. */
  readonly versions: readonly { readonly number: number; readonly mac: Uint8Array }[]
}

/**
 * SHA-256 in hexadecimal over the MACs of a key's rows. Each change puts it on record, so that rows that were put back
 * do not match the newest record, though each of them was authentic once.
 */
export function keyStateOf({ mac, versions }: KeyStateParts): string {
  const macs = versions.map((version) => [version.number, hex(version.mac)])
  return hash('sha256', JSON.stringify(['keystead key state v1', hex(mac), ...macs]))
}
