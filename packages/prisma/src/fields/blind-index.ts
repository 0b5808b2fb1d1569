import { Buffer } from 'node:buffer'
import { UnsupportedQueryError } from '../errors.ts'
import type { Normalisation, SearchableMark } from './encrypted-fields.ts'
import type { Keystead } from './keystead.ts'

/** Makes the values of blind indexes. */
export interface BlindIndexer {
  /** The value of an index: the number of the key's version, a point, and the code in base64url. */
  indexOf(place: string, mark: SearchableMark, value: unknown): Promise<string>
}

/** Makes an indexer. Calls at the same time go to Keystead as one batch. */
export function createBlindIndexer({ generateMac }: Pick<Keystead, 'generateMac'>): BlindIndexer {
  return {
    async indexOf(place, { key, normalise, name }, value) {
      if (typeof value !== 'string')
        throw new UnsupportedQueryError(`${place} must be a string, got ${typeof value}.`)
      if (!value.isWellFormed())
        throw new UnsupportedQueryError(`${place} has half of a surrogate pair: it is no Unicode text.`)
      const normal = normalisers[normalise](value)
      // All such values would have the same code.
      if (normal === '' && value !== '') {
        throw new UnsupportedQueryError(
          `${place} has nothing left after normalise: "${normalise}", so its blind index cannot tell it from other values. ${normalise === 'digits' ? 'Give a value with digits' : 'Give a value that is not blank'}, or null.`,
        )
      }
      const message = new TextEncoder().encode(
        JSON.stringify(['keystead-prisma', 1, name, normalise, normal]),
      )
      const { mac, versionNumber } = await generateMac({ key, message })
      return `${versionNumber}.${Buffer.from(mac).toString('base64url')}`
    },
  }
}

/** The version of the key that made a value of an index; null if it is none. */
export function indexVersionOf(stored: unknown): number | null {
  const [, version] = /^(\d{1,10})\.[\w-]+$/.exec(typeof stored === 'string' ? stored : '') ?? []
  return version === undefined ? null : Number(version)
}

const normalisers: Readonly<Record<Normalisation, (value: string) => string>> = {
  none: (value) => value,
  trim: (value) => value.normalize('NFC').trim(),
  lowercase: (value) => value.normalize('NFKC').toLowerCase().normalize('NFKC'),
  email: (value) => value.normalize('NFKC').trim().toLowerCase().normalize('NFKC'),
  digits: (value) =>
    value
      .normalize('NFKC')
      .replaceAll(/\P{Nd}/gu, '')
      .replaceAll(/\D/gu, asciiDigit),
}

/** A decimal digit of any script as one of ASCII: Unicode has the ten of a script in a row, zero first. */
function asciiDigit(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0
  let value = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(codePoint - value - 1))) value += 1
  return String(value % 10)
}
