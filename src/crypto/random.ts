import { randomFillSync } from 'node:crypto'
import { openSync, readSync } from 'node:fs'

/** The kernel's generator; null on systems without this file. */
const kernelGenerator = openKernelGenerator()

/**
 * Random bytes for nonces, secrets and symmetric keys, drawn when they are needed.
 *
 * OpenSSL's generator keeps its state in the memory of the process: a copy of a running machine draws the same bytes as
 * the original, also where each call asks for its own. The kernel's generator is asked each time as well. It is seeded
 * anew when a virtual machine is copied (VM generation ID), and is not copied with a process. The two are combined, so
 * that the bytes are as good as those of the better one.
 */
export function freshRandomBytes(length: number): Buffer {
  const bytes = randomFillSync(Buffer.alloc(length))
  if (kernelGenerator === null) return bytes
  const kernelBytes = readKernelGenerator(kernelGenerator, length)
  for (const [index, byte] of kernelBytes.entries()) bytes[index] = (bytes[index] ?? 0) ^ byte
  kernelBytes.fill(0)
  return bytes
}

function openKernelGenerator(): number | null {
  try {
    return openSync('/dev/urandom', 'r')
  } catch {
    return null
  }
}

function readKernelGenerator(file: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let read = 0; read < length; ) read += readSync(file, bytes, read, length - read, null)
  return bytes
}
