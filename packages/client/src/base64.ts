/** What Node has and browsers do not. */
interface NodeBuffer {
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: string): string }
  from(text: string, encoding: string): Uint8Array
}

// Three to eight times as fast as what browsers have.
const { Buffer: nodeBuffer } = globalThis as { readonly Buffer?: NodeBuffer }
/** Arguments of one call; far fewer than engines allow. */
const charactersMax = 0x2000

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  if (nodeBuffer !== undefined) {
    return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  const characters: string[] = []
  for (let start = 0; start < bytes.length; start += charactersMax) {
    characters.push(String.fromCharCode(...bytes.subarray(start, start + charactersMax)))
  }
  return btoa(characters.join(''))
}

/** Base64 for addresses, without padding (RFC 4648 §5, as JOSE has it). */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Bytes of standard base64 that the server made. */
export function fromBase64(text: string): Uint8Array {
  if (nodeBuffer !== undefined) {
    // A copy, whose memory is not shared with other buffers as that of Buffer may be.
    return new Uint8Array(nodeBuffer.from(text, 'base64'))
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
