/** Invisible characters: controls, format characters, line and paragraph separators. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** Fault of a text for people, in words that begin with "must"; null if there is none. */
export function textFault(text: string): string | null {
  if (!text.isWellFormed()) return 'must be well-formed Unicode, without half of a surrogate pair'
  const [found] = unseen.exec(text) ?? []
  return found === undefined ? null : `must not contain the ${classOf(found)} ${codePointOf(found)}`
}

/**
 * Fault of a text that other texts are compared with, in words that begin with "must"; null if there is none. A text has one
 * spelling, without characters that nobody sees: otherwise a search for one spelling would miss another.
 */
export function comparedTextFault(text: string): string | null {
  const fault = textFault(text)
  if (fault !== null) return fault
  if (/\p{Default_Ignorable_Code_Point}/u.test(text)) return 'must not contain characters that are not shown'
  // Characters of later versions of Unicode have no normal form yet: it could be another one after an update.
  if (/\p{Cn}/u.test(text)) return 'must not contain unassigned code points of Unicode'
  return text === text.normalize('NFC') ? null : 'must be in Unicode Normalization Form C (NFC)'
}

function classOf(character: string): string {
  if (/\p{Cc}/u.test(character)) return 'control character'
  return /\p{Cf}/u.test(character) ? 'invisible format character' : 'line separator'
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** Names of service keys, which are derived from names of services. */
const derivedName = /^[A-Z][a-z0-9_-]{0,63}$/

/** Checks whether a service key can have this name. */
export function isServiceKeyName(name: string): boolean {
  return derivedName.test(name)
}

/**
 * Name of a service's key: first letter uppercase, the rest lowercase, hyphens for spaces, underscores for hyphens. Two
 * spellings with the same derived name are one service.
 *
 * No two names that differ in more than case derive one name. Otherwise `svc agent` and `svc-agent` would share a key.
 */
export function serviceKeyName(service: string): string {
  const rest = service.slice(1).toLowerCase().replaceAll('-', '_').replaceAll(' ', '-')
  return service.charAt(0).toUpperCase() + rest
}
