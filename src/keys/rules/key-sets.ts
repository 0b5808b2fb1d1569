import type { KeyVersionStatus } from './errors.ts'

/** What a published key set promises to verifiers. */
export interface KeySetTerms {
  /** `alg` of its keys; null where the key signs in one way alone, or where it is left to the signer. */
  readonly jwsAlgorithm: string | null
  /** Hours for which a public key is published before its version signs. */
  readonly publishAheadHours: number
  /** Longest lifetime of what the key signs, in minutes. */
  readonly tokenLifetimeMinutes: number
}

/** The published key set of a key, for the lifecycle rules. */
export interface KeySetState extends KeySetTerms {
  /** Last part of its address. */
  readonly id: string
  /** The version that the key gets next. Null until it is made. */
  readonly next: NextVersionState | null
}

/** A version whose public key is published, and that does not sign yet. */
export interface NextVersionState {
  readonly number: number
  /** Since when its public key is published. */
  readonly since: Date
}

/** What decides whether the public key of a version is published. */
interface PublishableVersion {
  readonly number: number
  readonly status: KeyVersionStatus
  readonly createdAt: Date
}

/** Limits of {@link KeySetTerms.publishAheadHours}. */
export const publishAheadHours = { min: 1, max: 720, default: 24 } as const
/** Limits of {@link KeySetTerms.tokenLifetimeMinutes}: up to 90 days. */
export const tokenLifetimeMinutes = { min: 1, max: 129_600 } as const
/** Time for which caches may keep a set. At most the shortest time for which a public key is published ahead. */
export const keySetMaxAgeSeconds = 300

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** By how much the clocks of verifiers may be behind. */
const verifierClockToleranceMs = 5 * minuteMs

/** When the next version may sign. */
export function nextSignsFrom(
  { publishAheadHours: hours }: Pick<KeySetTerms, 'publishAheadHours'>,
  next: NextVersionState,
): Date {
  return new Date(next.since.getTime() + hours * hourMs)
}

/**
 * The versions of a published key whose public keys are in its set, the newest first. A version that was replaced stays
 * until the last token that it may have signed has expired. A version that is not ACTIVE is left out at once.
 *
 * @param revocationDelayMs time for which a replica may still sign with a version after another one replaced it
 */
export function publishedVersions<V extends PublishableVersion>(
  versions: readonly V[],
  { tokenLifetimeMinutes: minutes }: Pick<KeySetTerms, 'tokenLifetimeMinutes'>,
  { now, revocationDelayMs }: { readonly now: Date; readonly revocationDelayMs: number },
): readonly V[] {
  const staysMs = minutes * minuteMs + revocationDelayMs + verifierClockToleranceMs
  const newestFirst = versions.toSorted((a, b) => b.number - a.number)
  return newestFirst.filter(({ status }, index) => {
    const successor = newestFirst[index - 1]
    const isTooOld = successor !== undefined && successor.createdAt.getTime() + staysMs <= now.getTime()
    return status === 'ACTIVE' && !isTooOld
  })
}
