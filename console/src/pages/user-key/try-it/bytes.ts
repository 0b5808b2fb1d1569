/** Bytes as the browser makes them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** Standard Base64 with padding, as the API has it. */
export function toBase64(bytes: Bytes): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The bytes of a Base64 text. */
export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (each) => each.charCodeAt(0))

/** Two digits for each byte. */
export const toHex = (bytes: Bytes): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** The text that the bytes are; null if they are none that people could read. */
export function readText(bytes: Bytes): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    // Control characters but for tabs and ends of lines: bytes that happen to be text.
    return /[^\P{Cc}\t\n\r]/u.test(text) ? null : text
  } catch {
    return null
  }
}

/** The Base64 of what was typed: of PEM without its first and last line, and without ends of lines and spaces. */
export const tidyBase64 = (text: string): string => text.replaceAll(/-----[^-]*-----|\s/g, '')

/** True if a text that was typed is Base64, once it is tidied. */
export const isBase64Text = (text: string): boolean =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(tidyBase64(text))

/** The largest message or symmetric plaintext. */
export const messageBytesMax = 64 * 1024
