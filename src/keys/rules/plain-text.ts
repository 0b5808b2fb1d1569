/** Characters that show nothing or change how others show: controls, format characters, line and paragraph separators. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** What a text for people must not hold, as the end of a sentence that begins with "must"; null if it holds nothing of it. */
export function textFault(text: string): string | null {
  if (!text.isWellFormed()) return 'must be well-formed Unicode, without half of a surrogate pair'
  const [found] = unseen.exec(text) ?? []
  return found === undefined ? null : `must not contain the ${classOf(found)} ${codePointOf(found)}`
}

function classOf(character: string): string {
  if (/\p{Cc}/u.test(character)) return 'control character'
  return /\p{Cf}/u.test(character) ? 'invisible format character' : 'line separator'
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
