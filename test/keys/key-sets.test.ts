import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeysteadError } from '../../src/errors.ts'
import { keySetMaxAgeSeconds, publishAheadHours, publishedVersions } from '../../src/keys/rules/key-sets.ts'
import {
  applyCommand,
  defaultVersionOf,
  type KeyCommand,
  type KeyState,
} from '../../src/keys/rules/lifecycle.ts'

const hourMs = 3_600_000
const timeZone = 'UTC'
const revocationDelayMs = 20_000

/** What happens to a key. */
type Deed =
  | { readonly wait: number }
  | { readonly command: 'rotate' | 'force' | 'rotateIfDue' | 'prepareNextVersion' | 'restore' }
  | { readonly command: 'deactivateVersion' | 'activateVersion'; readonly back: number }

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ wait: fc.double({ min: 0.1, max: 40, noNaN: true }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      command: fc.constantFrom('rotate', 'rotateIfDue', 'prepareNextVersion', 'force', 'restore'),
    }),
  },
  fc.record({
    command: fc.constantFrom('deactivateVersion', 'activateVersion'),
    back: fc.integer({ min: 0, max: 2 }),
  }),
)

const setId = 'A'.repeat(43)

/** A key with what is published of it, and what it has signed. */
class PublishedKey {
  now = new Date('2026-03-01T12:00:00Z')
  readonly ahead: number
  readonly lifetimeMinutes: number
  state: KeyState
  /** Since when the public key of each version is in the set. */
  readonly publishedSince = new Map<number, number>()
  readonly tokens: { readonly version: number; readonly signedAt: number }[] = []

  constructor(ahead: number, lifetimeMinutes: number) {
    this.ahead = ahead
    this.lifetimeMinutes = lifetimeMinutes
    const empty: KeyState = {
      origin: 'KEYSTEAD',
      versions: [],
      lastVersionNumber: 0,
      skippedVersions: [],
      lastRotatedAt: null,
      rotation: { enabled: true, cycleDays: 1, configuredOn: '2026-03-01', dueOn: null },
      keySet: null,
      revision: 1,
    }
    this.state = this.after({ type: 'activateKey' }, empty)
    const terms = { publishAheadHours: ahead, tokenLifetimeMinutes: lifetimeMinutes, jwsAlgorithm: null }
    this.state = this.after({ type: 'publishKeySet', id: setId, terms })
    this.look()
  }

  after(command: KeyCommand, state = this.state): KeyState {
    return applyCommand(state, command, { now: this.now, certainNow: this.now, timeZone, revocationDelayMs })
  }

  /** Numbers in the set. */
  published(): number[] {
    const { keySet, versions } = this.state
    if (keySet === null) return []
    const listed = publishedVersions(versions, keySet, { now: this.now, revocationDelayMs })
    return [...listed.map(({ number }) => number), ...(keySet.next === null ? [] : [keySet.next.number])]
  }

  /** Notes what is published now, and signs with the default version. */
  look(): void {
    const published = this.published()
    for (const number of published) {
      if (!this.publishedSince.has(number)) this.publishedSince.set(number, this.now.getTime())
    }
    for (const number of this.publishedSince.keys()) {
      if (!published.includes(number)) this.publishedSince.delete(number)
    }
    const signs = defaultVersionOf(this.state, this.now)
    if (signs?.status !== 'ACTIVE') return
    this.tokens.push({ version: signs.number, signedAt: this.now.getTime() })
  }

  do(deed: Deed): void {
    if ('wait' in deed) this.now = new Date(this.now.getTime() + deed.wait * hourMs)
    else this.run(deed)
    this.look()
  }

  run(deed: Exclude<Deed, { wait: number }>): void {
    try {
      const { lastVersionNumber } = this.state
      const commands: Record<string, KeyCommand> = {
        rotate: { type: 'rotate', expectedDefaultVersion: null, allowUnknownKey: false },
        force: { type: 'rotate', expectedDefaultVersion: null, allowUnknownKey: true },
        rotateIfDue: { type: 'rotateIfDue' },
        prepareNextVersion: { type: 'prepareNextVersion' },
      }
      if (deed.command === 'restore') {
        const { keySet } = this.state
        const skipped = [lastVersionNumber + 1, lastVersionNumber + 7]
        this.state = {
          ...this.state,
          skippedVersions: [
            ...this.state.skippedVersions.filter((bound) => bound <= lastVersionNumber),
            ...skipped,
          ],
          keySet: keySet && { ...keySet, next: null },
        }
        return
      }
      const version =
        'back' in deed ? (this.state.versions.at(-1 - deed.back)?.number ?? lastVersionNumber) : 0
      const command: KeyCommand =
        deed.command === 'deactivateVersion' || deed.command === 'activateVersion'
          ? { type: deed.command, version }
          : (commands[deed.command] ?? { type: 'sweepDestroyed' })
      const next = this.state.keySet?.next
      const knownSince = next ? this.publishedSince.get(next.number) : undefined
      this.state = this.after(command)
      const isAdded = this.state.lastVersionNumber > lastVersionNumber
      const isKnown = knownSince !== undefined && knownSince + this.ahead * hourMs <= this.now.getTime()
      // Only whoever asked for it gets a version that verifiers do not know.
      if (isAdded && !isKnown) expect(deed.command).toBe('force')
    } catch (error) {
      // Refused, which changes nothing.
      if (!(error instanceof KeysteadError)) throw error
    }
  }
}

describe('verifications with a published key set', () => {
  it('fail for no token, whatever happens to the key', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: publishAheadHours.min, max: 30 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.array(deeds, { maxLength: 60 }),
        (ahead, lifetime, life) => {
          const key = new PublishedKey(ahead, lifetime)
          for (const deed of life) {
            key.do(deed)
            const published = key.published()
            const active = key.state.versions.flatMap(({ number, status }) =>
              status === 'ACTIVE' ? [number] : [],
            )
            for (const { version, signedAt } of key.tokens) {
              const isValid = key.now.getTime() < signedAt + lifetime * 60_000
              // Verifiers that fetch the set now know each valid token of an active version.
              if (isValid && active.includes(version)) expect(published).toContain(version)
            }
            for (const number of published) {
              const isNext = number === key.state.keySet?.next?.number
              expect(isNext || active.includes(number)).toBe(true)
            }
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('never depend on a set that caches may keep for longer than a key is published ahead', () => {
    expect(keySetMaxAgeSeconds).toBeLessThanOrEqual(publishAheadHours.min * 3600)
  })
})
