import { encodeHeader } from './header.ts'
import { joinBytes } from './join-bytes.ts'
import { contentKeyLabel, type EnvelopeSecrets, invalidPiece, nonceOf, tagBytes } from './pieces.ts'

/** Part of `node:crypto` that is used here. */
interface NodeCrypto {
  createSecretKey(key: Uint8Array): NodeKey
  hkdfSync(hash: string, key: NodeKey, salt: Uint8Array, info: Uint8Array, bytes: number): ArrayBuffer
  createCipheriv(cipher: string, key: NodeKey, iv: Uint8Array): NodeCipher & { getAuthTag(): Uint8Array }
  createDecipheriv(
    cipher: string,
    key: NodeKey,
    iv: Uint8Array,
    options: { readonly authTagLength: number },
  ): NodeCipher & { setAuthTag(tag: Uint8Array): unknown }
}

type NodeKey = object

interface NodeCipher {
  setAAD(data: Uint8Array): unknown
  update(data: Uint8Array): Uint8Array
  final(): Uint8Array
}

/** Most content of an envelope that is worked on without a thread of its own: it takes less time than handing it over. */
export const wholeBytesMax = 0x10000

/** Encryption of small envelopes in one synchronous step. */
export interface WholeEnvelopes {
  /** Encrypts content of one piece, and gives the whole envelope. */
  seal(secrets: EnvelopeSecrets, content: Uint8Array): Uint8Array
  /** Decrypts the only piece of an envelope. Every failure is the same error. */
  open(secrets: EnvelopeSecrets, piece: Uint8Array): Uint8Array
}

/**
 * Where the runtime has `node:crypto` (Node 20.16 or newer): many times as fast as the steps of WebCrypto, with the same
 * bytes. Null in browsers.
 */
export const wholeEnvelopes: WholeEnvelopes | null = createWholeEnvelopes()

function createWholeEnvelopes(): WholeEnvelopes | null {
  const { process } = globalThis as {
    readonly process?: { readonly getBuiltinModule?: (name: string) => NodeCrypto | undefined }
  }
  const node = process?.getBuiltinModule?.('node:crypto')
  if (node === undefined) return null
  const crypto = node
  const nonce = nonceOf({ index: 0, isLast: true })
  /** A key is made once for each data key: it costs as much as what is done with it. It goes when its bytes go. */
  const keys = new WeakMap<Uint8Array, NodeKey>()

  function keyOf(dataKey: Uint8Array): NodeKey {
    const known = keys.get(dataKey)
    if (known !== undefined) return known
    const key = crypto.createSecretKey(dataKey)
    keys.set(dataKey, key)
    return key
  }

  /** As an object of its own: the ciphers of Node 24 take ten times as long with the bytes of a key. */
  function contentKeyOf({ dataKey, header: { salt } }: EnvelopeSecrets): NodeKey {
    const bytes = new Uint8Array(crypto.hkdfSync('sha256', keyOf(dataKey), salt, contentKeyLabel, 32))
    const key = crypto.createSecretKey(bytes)
    bytes.fill(0)
    return key
  }

  return {
    seal(secrets, content) {
      const encodedHeader = encodeHeader(secrets.header)
      const cipher = crypto.createCipheriv('aes-256-gcm', contentKeyOf(secrets), nonce)
      cipher.setAAD(joinBytes(encodedHeader, secrets.additionalAuthenticatedData))
      const body = cipher.update(content)
      cipher.final()
      return joinBytes(encodedHeader, body, cipher.getAuthTag())
    },
    open(secrets, piece) {
      if (piece.length < tagBytes) throw invalidPiece()
      const options = { authTagLength: tagBytes }
      const cipher = crypto.createDecipheriv('aes-256-gcm', contentKeyOf(secrets), nonce, options)
      cipher.setAAD(joinBytes(encodeHeader(secrets.header), secrets.additionalAuthenticatedData))
      cipher.setAuthTag(piece.subarray(-tagBytes))
      const content = cipher.update(piece.subarray(0, -tagBytes))
      try {
        cipher.final()
      } catch {
        content.fill(0)
        throw invalidPiece()
      }
      return joinBytes(content)
    },
  }
}
