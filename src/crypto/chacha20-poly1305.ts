import { createAead } from './aead.ts'

/** ChaCha20-Poly1305 (RFC 8439 §2.8) with 96-bit random nonces. */
export const chacha20Poly1305 = createAead('chacha20-poly1305', 3)
