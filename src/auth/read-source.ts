import { matchTemplate } from './template.ts'
import type { ClaimPath, ClaimSource, Condition, JoinSource, Source } from './token-rules.ts'

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>

/** Values of a source, or why it cannot be read. The text names claims, never their values. */
export type Reading = { readonly values: readonly string[] } | { readonly fault: string }

/** Reads the claim at a path. Null, "" and [] count as absent. Only own properties count. */
export function readClaim(claims: Claims, path: ClaimPath): unknown {
  let value: unknown = claims
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return isAbsent(value) ? undefined : value
}

/** A claim as it is written in texts: `resource_access › kms.example.com › roles`. */
export function nameOfClaim(path: ClaimPath): string {
  return `"${path.join(' › ')}"`
}

/** Checks a condition of a rule. */
export function holds(condition: Condition, claims: Claims): boolean {
  const value = readClaim(claims, condition.claim)
  switch (condition.operator) {
    case 'present':
      return value !== undefined
    case 'absent':
      return value === undefined
    case 'equals':
      return value === condition.value
    case 'startsWith':
      return typeof value === 'string' && value.startsWith(condition.value)
    case 'endsWith':
      return typeof value === 'string' && value.endsWith(condition.value)
    case 'contains':
      // A string counts as words with spaces between them, like "scope" (RFC 8693 §4.2), not as any of its parts.
      return (typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []).includes(
        condition.value,
      )
    case 'equalsClaim': {
      const only = onlyString(value)
      return only !== null && only === onlyString(readClaim(claims, condition.other))
    }
  }
}

/** A condition in words, for texts about a rule. */
export function describeCondition(condition: Condition): string {
  const claim = nameOfClaim(condition.claim)
  if (condition.operator === 'equalsClaim') return `${claim} equals the claim ${nameOfClaim(condition.other)}`
  if (!('value' in condition)) return `${claim} is ${condition.operator}`
  const words = { equals: 'equals', startsWith: 'starts with', endsWith: 'ends with', contains: 'contains' }
  const { operator, value } = condition
  return `${claim} ${words[operator]} ${JSON.stringify(value)}`
}

/** Reads the values of a source, each once. */
export function readSource(source: Source, claims: Claims): Reading {
  if ('constant' in source) return { values: [source.constant] }
  return 'join' in source ? readJoin(source, claims) : readFromClaim(source, claims)
}

function readJoin({ join, separator }: JoinSource, claims: Claims): Reading {
  const parts: string[] = []
  for (const [index, source] of join.entries()) {
    const reading = readSource(source, claims)
    if ('fault' in reading) return reading
    const [value, ...others] = reading.values
    if (value === undefined) return { values: [] }
    if (others.length > 0) return { fault: `part ${index} of the join has ${others.length + 1} values` }
    // Otherwise "a/b" with "c", and "a" with "b/c", would be one name.
    if (index < join.length - 1 && `${value}${separator}`.indexOf(separator) < value.length) {
      return { fault: `part ${index} of the join contains the separator ${JSON.stringify(separator)}` }
    }
    parts.push(value)
  }
  return { values: [parts.join(separator)] }
}

function readFromClaim(source: ClaimSource, claims: Claims): Reading {
  const raw = rawValues(source, readClaim(claims, source.claim))
  if (raw === null) return { fault: `the claim ${nameOfClaim(source.claim)} ${expectedForm(source)}` }
  const { separator, template, startsWith, cutPrefix, only, map } = source
  const values = raw
    .flatMap((value) => (separator === null ? [value] : value.split(separator)))
    .flatMap((value) => {
      if (template === null) return [value]
      const part = matchTemplate(template.template, value)?.get(template.part)
      return part === undefined ? [] : [part]
    })
    .filter((value) => startsWith === null || value.startsWith(startsWith))
    .map((value) =>
      cutPrefix !== null && value.startsWith(cutPrefix) ? value.slice(cutPrefix.length) : value,
    )
    .filter((value) => value !== '' && (only === null || only.includes(value)))
    .flatMap((value) => (map === null ? [value] : (map.get(value) ?? [])))
  return { values: [...new Set(values)] }
}

/** Strings of a claim before they are changed; null if it has another form. */
function rawValues({ keys, each }: ClaimSource, value: unknown): readonly string[] | null {
  if (value === undefined) return []
  if (keys)
    return typeof value === 'object' && !Array.isArray(value) && value !== null ? Object.keys(value) : null
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const read = each === null ? list : list.map((item) => memberOf(item, each))
  const strings = read.filter((item) => !isAbsent(item)).map(stringOf)
  return strings.every((item) => item !== null) ? strings : null
}

function expectedForm({ keys, each }: ClaimSource): string {
  if (keys) return 'must be an object'
  return each === null ? 'must be a string or a list of strings' : `must be a list of objects with "${each}"`
}

/** A member of an object; an object itself, which is no string, for anything else. */
function memberOf(item: unknown, name: string): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return {}
  return Object.hasOwn(item, name) ? (item as Record<string, unknown>)[name] : undefined
}

function stringOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : null
}

/** The string of a claim that is one, or a list of one. */
function onlyString(value: unknown): string | null {
  const [only, ...others] = Array.isArray(value) ? value : [value]
  return typeof only === 'string' && others.length === 0 ? only : null
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}
