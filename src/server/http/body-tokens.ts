import type { Config } from '../../config.ts'

/** JSON tokens that a body may have. An item of a batch has up to 20. */
const tokensMin = 25_000
const tokensPerItem = 50

/** The most JSON tokens that a body may have. */
export function bodyTokensMax({ BATCH_ITEMS_MAX }: Pick<Config, 'BATCH_ITEMS_MAX'>): number {
  return Math.max(tokensMin, BATCH_ITEMS_MAX * tokensPerItem)
}

const quote = 0x22
const backslash = 0x5c

/** Whether a byte begins or separates values in JSON: one of `{[,:`. */
function isSeparator(byte: number | undefined): boolean {
  return byte === 0x2c || byte === 0x3a || byte === 0x7b || byte === 0x5b
}

/**
 * Whether JSON has more tokens than that: names, strings, and characters that begin or separate values. Counted without
 * parsing, which takes a hundred times as long where each of many objects has different names.
 */
export function hasMoreTokens(json: Buffer, tokensMax: number): boolean {
  if (json.length <= tokensMax) return false
  let tokens = 0
  for (let index = 0; index < json.length && tokens <= tokensMax; index++) {
    if (json[index] === quote) {
      tokens++
      index = endOfString(json, index)
    } else if (isSeparator(json[index])) tokens++
  }
  return tokens > tokensMax
}

/** Index at which the string that begins at `start` ends; the length of the JSON if it does not end. */
function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf(quote, start + 1); end !== -1; end = json.indexOf(quote, end + 1)) {
    let slashes = 0
    while (json[end - 1 - slashes] === backslash) slashes++
    if (slashes % 2 === 0) return end
  }
  return json.length
}
