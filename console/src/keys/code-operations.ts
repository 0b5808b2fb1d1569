import type { EnumOf } from '../api/graphql.ts'
import { hasContext } from './access-entry.ts'

/** What code needs to know of a key. */
export interface CodeKey {
  readonly id: string
  readonly name: string
  readonly type: EnumOf<'KeyType'>
  readonly usage: EnumOf<'KeyUsage'>
  readonly algorithm: EnumOf<'KeyAlgorithm'>
  /** Number of its default version, or of the first that it will have. */
  readonly versionNumber: number
}

/** A value that each language says in its own way. */
export class Hole {
  readonly typescript: string
  readonly json: string
  constructor(typescript: string, json: string) {
    this.typescript = typescript
    this.json = json
  }
}

/** What an input is made of. */
export type Value = string | number | Hole | readonly Value[] | { readonly [name: string]: Value }

/** One operation of an example. */
export interface Operation {
  /** Name of the mutation. */
  readonly name: string
  /** Fields of its payload. */
  readonly fields: readonly string[]
  readonly input: Readonly<Record<string, Value>>
  /** Name of the variable that has the answer. */
  readonly answer: string
  /** TypeScript that gives what is shown. */
  readonly shows: string
}

/** Text as bytes in Base64. */
const bytes = (text: string) => new Hole(`toBase64('${text}')`, JSON.stringify(btoa(text)))

/** What the operation before has answered; the reader copies it where the language has no variables. */
const answered = (answer: string, field: string) => new Hole(`${answer}.${field}`, `"<${field}>"`)

const context = [{ name: 'purpose', value: 'example' }]

/** The operations to begin with, the second with what the first has answered. */
export function operationsFor(userKey: CodeKey): readonly Operation[] {
  const key = new Hole('key', JSON.stringify(userKey.id))
  const numberIn = (answer: string) => ({
    key,
    number: new Hole(`${answer}.versionNumber`, String(userKey.versionNumber)),
  })
  const message = bytes('Hello')
  switch (userKey.usage) {
    case 'ENCRYPT_DECRYPT': {
      const bound = hasContext(userKey) ? { context } : {}
      const which = hasContext(userKey) ? {} : { version: numberIn('encrypted') }
      return [
        operation('encrypt', 'encrypted', ['ciphertext', 'versionNumber'], {
          key,
          plaintext: message,
          ...bound,
        }),
        operation(
          'decrypt',
          'decrypted',
          ['plaintext'],
          { ...which, ciphertext: answered('encrypted', 'ciphertext'), ...bound },
          `Buffer.from(decrypted.plaintext, 'base64').toString()`,
        ),
      ]
    }
    case 'SIGN_VERIFY':
      return [
        operation('sign', 'signed', ['signature', 'versionNumber'], { key, message }),
        operation('verify', 'verified', ['valid'], {
          version: numberIn('signed'),
          message,
          signature: answered('signed', 'signature'),
        }),
      ]
    case 'GENERATE_VERIFY_MAC':
      return [
        operation('generateMac', 'generated', ['mac', 'versionNumber'], { key, message }),
        operation('verifyMac', 'verified', ['valid'], {
          version: numberIn('generated'),
          message,
          mac: answered('generated', 'mac'),
        }),
      ]
    case 'KEY_ENCAPSULATION':
      return [
        operation('encapsulate', 'sent', ['sharedSecret', 'ciphertext', 'versionNumber'], { key }),
        operation('decapsulate', 'received', ['sharedSecret'], {
          version: numberIn('sent'),
          ciphertext: answered('sent', 'ciphertext'),
        }),
      ]
    case 'KEY_AGREEMENT':
      return [
        operation('deriveSharedSecret', 'derived', ['sharedSecret'], {
          version: { key, number: userKey.versionNumber },
          peerPublicKey: new Hole('peerPublicKey', '"<peerPublicKey>"'),
          context: bytes('example'),
          lengthBytes: 32,
        }),
      ]
  }
}

function operation(
  name: string,
  answer: string,
  fields: readonly [string, ...string[]],
  input: Operation['input'],
  shows = `${answer}.${fields[0]}`,
): Operation {
  return { name, answer, fields, input, shows }
}
