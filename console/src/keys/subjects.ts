import type { EnumOf } from '../api/graphql.ts'

type Kind = EnumOf<'SubjectKind'>

/** Kinds of subjects by the beginning of their reference. */
const kinds = {
  user: 'USER',
  group: 'GROUP',
  'service-account': 'SERVICE_ACCOUNT',
  'service-agent': 'SERVICE_AGENT',
  system: 'SYSTEM',
} as const satisfies Record<string, Kind>

/** Kinds that are offered for a name without one. */
const offeredKinds = ['user', 'group', 'service-account', 'service-agent'] as const

/** The kind of a subject, as it is written; null if the text begins with none. */
export function kindOfSubject(subject: string): Kind | null {
  const prefix = subject.slice(0, Math.max(0, subject.indexOf(':')))
  return Object.hasOwn(kinds, prefix) ? kinds[prefix as keyof typeof kinds] : null
}

/**
 * What may be meant by what is typed, the known subjects first. A name without a kind is offered with each kind, so that
 * the kind can be chosen or typed.
 */
export function suggestSubjects(typed: string, known: readonly string[]): readonly string[] {
  const wanted = typed.trim()
  const matches = known.filter((subject) => subject.toLowerCase().includes(wanted.toLowerCase()))
  if (wanted === '') return matches
  if (kindOfSubject(wanted) === null) {
    return [...new Set([...matches, ...offeredKinds.map((kind) => `${kind}:${wanted}`)])]
  }
  return wanted.endsWith(':') ? matches : [...new Set([...matches, wanted])]
}
