import { counted } from '../../counted.ts'
import type { DestroyImpactView, VersionCallerView } from './views.ts'

/** Use of a version, as far as it is on record. */
export interface VersionUseFacts {
  /** By operation, most used first. */
  readonly callers: readonly VersionCallerView[]
  readonly destroyed: boolean
  /** True if the reader may learn who the callers are. */
  readonly namesCallers: boolean
  /** True if there are records of all days. */
  readonly covered: boolean
  /** True if there are records of the version's whole life and none of them is a successful use. */
  readonly neverUsed: boolean
  readonly recordsSince: Date
  readonly days: number
  readonly now: Date
}

const verbs: Readonly<Record<VersionCallerView['operation'], string>> = {
  ENCRYPT: 'encrypted with',
  DECRYPT: 'decrypted with',
  RE_ENCRYPT: 're-encrypted to',
  RE_ENCRYPT_FROM: 're-encrypted from',
  GENERATE_DATA_KEY: 'generated data keys with',
  GENERATE_DATA_KEY_PAIR: 'generated key pairs with',
  SIGN: 'signed with',
  VERIFY: 'verified with',
  GENERATE_MAC: 'generated codes with',
  VERIFY_MAC: 'verified codes with',
  ENCAPSULATE: 'encapsulated with',
  DECAPSULATE: 'decapsulated with',
  DERIVE_SHARED_SECRET: 'derived secrets with',
  SERVICE_ENCRYPT: 'encrypted with',
  SERVICE_DECRYPT: 'decrypted with',
  SERVICE_GENERATE_DATA_KEY: 'generated data keys with',
}

/** Verdict on destroying a version. */
export function verdictOf({
  destroyed,
  callers,
  covered,
  neverUsed,
}: VersionUseFacts): DestroyImpactView['verdict'] {
  if (destroyed) return 'ALREADY_DESTROYED'
  if (callers.some(({ operations }) => operations > 0)) return 'IN_USE'
  // A deactivated version refuses everything. Callers that still try would miss it.
  if (callers.length > 0) return 'STILL_ATTEMPTED'
  if (neverUsed) return 'NEVER_USED'
  return covered ? 'SAFE_UNUSED' : 'RECORDS_TOO_SHORT'
}

/** The verdict in a sentence. */
export function describeImpact(use: VersionUseFacts): string {
  const { callers, days, now, recordsSince } = use
  switch (verdictOf(use)) {
    case 'ALREADY_DESTROYED':
      return 'This version is destroyed already.'
    case 'IN_USE':
      return describeUses(
        use,
        callers.filter(({ operations }) => operations > 0),
      )
    case 'STILL_ATTEMPTED': {
      const times = callers.reduce((sum, { failedOperations }) => sum + failedOperations, 0)
      const last = latest(callers.map(({ lastFailedAt }) => lastFailedAt))
      return `No operation used this version in the last ${days} days, but ${whoOf(use, callers)} tried to ${timesOf(times)}, last ${agoOf(last, now)}.`
    }
    case 'NEVER_USED':
      return `No operation has used this version since it was made on ${recordsSince.toISOString().slice(0, 10)}.`
    case 'SAFE_UNUSED':
      return `No operation used this version in the last ${days} days.`
    case 'RECORDS_TOO_SHORT':
      return `No operation used this version since ${recordsSince.toISOString()}, but before that there are no records of it: they do not reach back ${days} days.`
  }
}

function describeUses(use: VersionUseFacts, uses: readonly VersionCallerView[]): string {
  const { now } = use
  const [first] = uses
  const others = new Set(uses.map(({ caller }) => caller)).size - 1
  if (use.namesCallers && first !== undefined) {
    const and = others === 0 ? '' : `, and ${counted(others, 'more caller')} used it`
    return `${first.caller} ${verbs[first.operation]} it ${timesOf(first.operations)}, last ${agoOf(first.lastUsedAt, now)}${and}.`
  }
  const times = uses.reduce((sum, { operations }) => sum + operations, 0)
  return `${whoOf(use, uses)} used this version ${timesOf(times)}, last ${agoOf(latest(uses.map(({ lastUsedAt }) => lastUsedAt)), now)}.`
}

function whoOf({ namesCallers }: VersionUseFacts, uses: readonly VersionCallerView[]): string {
  const names = [...new Set(uses.map(({ caller }) => caller))]
  const [only = ''] = names
  if (names.length === 1) return namesCallers ? only : '1 caller'
  return `${names.length} callers`
}

function latest(dates: readonly (Date | null)[]): Date | null {
  return dates.reduce((last, date) => (last === null || (date !== null && date > last) ? date : last), null)
}

function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

/** Time since a date, in the largest unit that gives at least one. */
function agoOf(date: Date | null, now: Date): string {
  const minutes = date === null ? 0 : Math.floor((now.getTime() - date.getTime()) / 60_000)
  for (const [unit, size] of [
    ['day', 1440],
    ['hour', 60],
    ['minute', 1],
  ] as const) {
    const count = Math.floor(minutes / size)
    if (count >= 1) return `${counted(count, unit)} ago`
  }
  return 'less than a minute ago'
}
