import { Temporal } from 'temporal-polyfill'
import { dayMs, type Moment } from '../../clock.ts'
import { firstNotSkipped } from '../../store/rows/skipped-versions.ts'
import {
  ConflictError,
  InvalidKeyOriginError,
  InvalidKeyStateError,
  type KeyOrigin,
  type KeyStatus,
  type KeyVersionStatus,
  NextVersionTooNewError,
} from './errors.ts'
import { type KeySetState, type KeySetTerms, type NextVersionState, nextSignsFrom } from './key-sets.ts'

/** State of a version, for the lifecycle rules. */
export interface VersionState {
  readonly number: number
  readonly status: KeyVersionStatus
  readonly createdAt: Date
  /** Last time it became ACTIVE. */
  readonly activatedAt: Date
  /** Last time it stopped being ACTIVE; null while it is ACTIVE. */
  readonly deactivatedAt: Date | null
  /** End of the waiting period; null unless DESTROY_SCHEDULED. */
  readonly destroyScheduledFor: Date | null
  readonly destroyedAt: Date | null
}

/** Settings of automatic rotation, and the day of the next rotation. */
export interface RotationState {
  readonly enabled: boolean
  readonly cycleDays: number
  /** Day on which it was last configured. */
  readonly configuredOn: CalendarDay
  /** Day on which the next rotation is due; null while it is off or the default version is not ACTIVE. */
  readonly dueOn: CalendarDay | null
}

/** State of a key, for the lifecycle rules. */
export interface KeyState {
  /** Where its material comes from; never changes. */
  readonly origin: KeyOrigin
  /** In the order of their numbers. */
  readonly versions: readonly VersionState[]
  /** Highest number ever given; 0 before the first version. */
  readonly lastVersionNumber: number
  /** Numbers that no version may have, as pairs of first and last, ascending. */
  readonly skippedVersions: readonly number[]
  readonly lastRotatedAt: Date | null
  readonly rotation: RotationState
  /** Null unless its public keys are published. */
  readonly keySet: KeySetState | null
  readonly revision: number
}

/** Commands on a key. */
export type KeyCommand =
  | { readonly type: 'activateKey' }
  | {
      readonly type: 'rotate'
      readonly expectedDefaultVersion: number | null
      /** True to rotate a published key although verifiers may not know its next public key yet. */
      readonly allowUnknownKey: boolean
    }
  | { readonly type: 'rotateIfDue' }
  | { readonly type: 'importVersion' }
  /** Publishes the public keys, at this address unless they are published already. */
  | { readonly type: 'publishKeySet'; readonly id: string; readonly terms: KeySetTerms }
  | { readonly type: 'unpublishKeySet' }
  | { readonly type: 'prepareNextVersion' }
  | { readonly type: 'configureRotation'; readonly enabled: boolean; readonly cycleDays: number }
  | { readonly type: 'deactivateVersion'; readonly version: number }
  | { readonly type: 'activateVersion'; readonly version: number }
  | { readonly type: 'destroyVersion'; readonly version: number; readonly waitingPeriodDays: number }
  | { readonly type: 'restoreVersion'; readonly version: number }
  | { readonly type: 'sweepDestroyed' }
  | { readonly type: 'deleteKey' }

/** Time and settings for the lifecycle rules. */
export interface LifecycleSettings extends Moment {
  /** Time zone in which rotation days are counted. */
  readonly timeZone: string
  /** Longest time for which a replica may still use a version after its deactivation was committed. */
  readonly revocationDelayMs: number
}

/**
 * State of a version at a time that has certainly passed. It counts as destroyed once its waiting period has ended, even
 * before the next sweep.
 */
export function settle<V extends VersionState>(version: V, now: Date): V {
  if (version.status !== 'DESTROY_SCHEDULED' || version.destroyScheduledFor === null) return version
  if (version.destroyScheduledFor > now) return version
  return {
    ...version,
    status: 'DESTROYED',
    destroyedAt: version.destroyScheduledFor,
    destroyScheduledFor: null,
  }
}

/** Checks whether the waiting period of a version has ended that is not stored as DESTROYED yet. */
export function isDestructionDue(versions: readonly VersionState[], now: Date): boolean {
  return versions.some((version) => settle(version, now) !== version)
}

/** Status of a key, which follows from its versions. */
export function statusOf(versions: readonly VersionState[]): KeyStatus {
  if (versions.length === 0) return 'PRE_ACTIVATION'
  return versions.some((version) => version.status === 'ACTIVE') ? 'ACTIVE' : 'DEACTIVATED'
}

/** The default version: the newest one, unless that is destroyed. `versions` need not be complete but for the newest. */
export function defaultVersionOf<V extends VersionState>(
  key: { readonly lastVersionNumber: number; readonly versions: readonly V[] },
  now: Date,
): V | null {
  const newest = key.versions.find((version) => version.number === key.lastVersionNumber)
  if (newest === undefined) return null
  const settled = settle(newest, now)
  return settled.status === 'DESTROYED' ? null : settled
}

/** Why the state of a key keeps it from protecting new data. */
export type CannotProtectReason =
  | 'NO_VERSION'
  | 'DEFAULT_VERSION_DEACTIVATED'
  | 'DEFAULT_VERSION_DESTROY_SCHEDULED'
  | 'DEFAULT_VERSION_DESTROYED'

/** The reason why a key cannot protect new data now; null if it can. `versions` as for {@link defaultVersionOf}. */
export function cannotProtectReason(
  key: { readonly lastVersionNumber: number; readonly versions: readonly VersionState[] },
  now: Date,
): CannotProtectReason | null {
  if (key.lastVersionNumber === 0) return 'NO_VERSION'
  const status = defaultVersionOf(key, now)?.status ?? 'DESTROYED'
  return status === 'ACTIVE' ? null : `DEFAULT_VERSION_${status}`
}

/** Checks whether the state of the key allows deletion. */
export function isDeletable(versions: readonly VersionState[], now: Date): boolean {
  return versions.every((version) => settle(version, now).status === 'DESTROYED')
}

/** Checks whether the system should rotate the key now. The next version of a published key must be known by then. */
function isRotationDue(key: KeyState, settings: LifecycleSettings): boolean {
  return (
    mayNextSign(key, settings.certainNow) &&
    key.rotation.enabled &&
    key.rotation.dueOn !== null &&
    key.rotation.dueOn <= dayAt(settings.certainNow, settings.timeZone) &&
    defaultVersionOf(key, settings.certainNow)?.status === 'ACTIVE'
  )
}

/**
 * The state after a command.
 *
 * @returns the new state, or the same object when the command changes nothing (`rotateIfDue`, `sweepDestroyed`,
 *   `unpublishKeySet`, `prepareNextVersion`)
 * @throws InvalidKeyStateError or ConflictError; the version named by a command must exist
 */
export function applyCommand(key: KeyState, command: KeyCommand, settings: LifecycleSettings): KeyState {
  const next = changed(key, command, settings)
  if (next === key) return key
  return {
    ...next,
    revision: key.revision + 1,
    rotation: { ...next.rotation, dueOn: nextDueOn(key, next, { ...settings, command }) },
  }
}

function changed(key: KeyState, command: KeyCommand, settings: LifecycleSettings): KeyState {
  const { now, certainNow, timeZone } = settings
  switch (command.type) {
    case 'activateKey':
      requireOrigin(key, 'KEYSTEAD')
      if (key.versions.length > 0) {
        throw new InvalidKeyStateError(
          `The key already has a version: only a key in state PRE_ACTIVATION can be activated, this one is ${statusOf(key.versions)}. Use activateKeyVersion for a deactivated version, or rotateUserKey for a new one.`,
          { keyStatus: statusOf(key.versions), allowed: ['PRE_ACTIVATION'] },
        )
      }
      return withNewVersion(key, now)
    case 'rotate':
      requireOrigin(key, 'KEYSTEAD')
      if (key.versions.length === 0) {
        throw new InvalidKeyStateError(
          'The key is in state PRE_ACTIVATION and has nothing to rotate. Call activateUserKey first.',
          { keyStatus: 'PRE_ACTIVATION', allowed: ['ACTIVE', 'DEACTIVATED'] },
        )
      }
      assertExpectedDefault(key, command.expectedDefaultVersion, certainNow)
      if (!command.allowUnknownKey) assertNextMaySign(key, certainNow)
      return { ...withNewVersion(key, now), lastRotatedAt: now }
    case 'rotateIfDue':
      return isRotationDue(key, settings) ? { ...withNewVersion(key, now), lastRotatedAt: now } : key
    case 'importVersion':
      requireOrigin(key, 'EXTERNAL')
      return { ...withNewVersion(key, now), lastRotatedAt: key.versions.length === 0 ? null : now }
    case 'publishKeySet':
      requireOrigin(key, 'KEYSTEAD')
      if (key.versions.length === 0) {
        throw new InvalidKeyStateError(
          'The key is in state PRE_ACTIVATION and has no public key to publish. Call activateUserKey first.',
          { keyStatus: 'PRE_ACTIVATION', allowed: ['ACTIVE', 'DEACTIVATED'] },
        )
      }
      return {
        ...key,
        keySet: {
          id: key.keySet?.id ?? command.id,
          ...command.terms,
          next: key.keySet?.next ?? { number: nextNumber(key), since: now },
        },
      }
    case 'unpublishKeySet':
      return key.keySet === null ? key : { ...key, keySet: null }
    case 'prepareNextVersion':
      if (key.keySet === null || key.keySet.next !== null) return key
      return { ...key, keySet: { ...key.keySet, next: { number: nextNumber(key), since: now } } }
    case 'configureRotation':
      if (command.enabled) requireOrigin(key, 'KEYSTEAD')
      return {
        ...key,
        rotation: {
          enabled: command.enabled,
          cycleDays: command.cycleDays,
          configuredOn: dayAt(now, timeZone),
          dueOn: null,
        },
      }
    case 'deactivateVersion':
      return withVersion(key, command, ['ACTIVE'], certainNow, (version) => ({
        ...version,
        status: 'DEACTIVATED',
        deactivatedAt: now,
      }))
    case 'activateVersion':
      return withVersion(key, command, ['DEACTIVATED'], certainNow, (version) => ({
        ...version,
        status: 'ACTIVE',
        activatedAt: now,
        deactivatedAt: null,
      }))
    case 'destroyVersion':
      return withVersion(key, command, ['DEACTIVATED'], certainNow, (version) =>
        settle(
          {
            ...version,
            status: 'DESTROY_SCHEDULED',
            // No replica may still use a DESTROYED version, however short the waiting period.
            destroyScheduledFor: new Date(
              Math.max(
                now.getTime() + command.waitingPeriodDays * dayMs,
                (version.deactivatedAt?.getTime() ?? now.getTime()) + settings.revocationDelayMs,
              ),
            ),
          },
          certainNow,
        ),
      )
    case 'restoreVersion':
      return withVersion(key, command, ['DESTROY_SCHEDULED'], certainNow, (version) => ({
        ...version,
        status: 'DEACTIVATED',
        destroyScheduledFor: null,
      }))
    case 'sweepDestroyed':
      return isDestructionDue(key.versions, certainNow)
        ? { ...key, versions: key.versions.map((version) => settle(version, certainNow)) }
        : key
    case 'deleteKey':
      assertDeletable(key, certainNow)
      return { ...key }
  }
}

/** Throws InvalidKeyOriginError unless the key's material comes from there. */
export function requireOrigin(key: { readonly origin: KeyOrigin }, origin: KeyOrigin): void {
  if (key.origin !== origin) throw new InvalidKeyOriginError(key.origin)
}

/** Number of the version that the key gets next. */
function nextNumber({ skippedVersions, lastVersionNumber }: KeyState): number {
  return firstNotSkipped(skippedVersions, lastVersionNumber + 1)
}

/** True unless the key is published, and its next version has not been known to verifiers for long enough. */
function mayNextSign({ keySet }: KeyState, now: Date): boolean {
  return keySet === null || (keySet.next !== null && nextSignsFrom(keySet, keySet.next) <= now)
}

function assertNextMaySign(key: KeyState, now: Date): void {
  if (mayNextSign(key, now) || key.keySet === null) return
  const { keySet } = key
  throw new NextVersionTooNewError(keySet.next === null ? null : nextSignsFrom(keySet, keySet.next))
}

/**
 * Adds a version. That of a published key is the one that was made ahead, and another one is made ahead of the next time.
 * Each change makes material for one version at most: if none was made ahead, the system does so later.
 */
function withNewVersion(key: KeyState, now: Date): KeyState {
  const number = nextNumber(key)
  const version: VersionState = {
    number,
    status: 'ACTIVE',
    createdAt: now,
    activatedAt: now,
    deactivatedAt: null,
    destroyScheduledFor: null,
    destroyedAt: null,
  }
  const after = { ...key, versions: [...key.versions, version], lastVersionNumber: number }
  if (key.keySet === null) return after
  const isMadeAhead = key.keySet.next?.number === number
  const next: NextVersionState | null = isMadeAhead ? { number: nextNumber(after), since: now } : null
  return { ...after, keySet: { ...key.keySet, next } }
}

function withVersion(
  key: KeyState,
  command: { readonly version: number },
  allowed: readonly KeyVersionStatus[],
  now: Date,
  change: (version: VersionState) => VersionState,
): KeyState {
  const versions = key.versions.map((version) => {
    if (version.number !== command.version) return version
    const settled = settle(version, now)
    if (settled.status === 'DESTROYED') {
      throw new InvalidKeyStateError(
        `Version ${settled.number} of the key is DESTROYED and cannot be changed.`,
        { keyStatus: statusOf(key.versions), version: settled, allowed: [] },
      )
    }
    if (!allowed.includes(settled.status)) {
      throw new InvalidKeyStateError(
        `Version ${settled.number} of the key is ${settled.status}; this is possible only while it is ${allowed.join(' or ')}.`,
        { keyStatus: statusOf(key.versions), version: settled, allowed },
      )
    }
    return change(settled)
  })
  return { ...key, versions }
}

function assertExpectedDefault(key: KeyState, expected: number | null, now: Date): void {
  if (expected === null) return
  const current = defaultVersionOf(key, now)?.number ?? null
  if (current !== expected) {
    throw new ConflictError({ currentRevision: key.revision, currentDefaultVersionNumber: current })
  }
}

function assertDeletable(key: KeyState, now: Date): void {
  if (isDeletable(key.versions, now)) return
  const standing = key.versions
    .map((version) => settle(version, now))
    .filter(({ status }) => status !== 'DESTROYED')
  const isWaiting = standing.every(({ status }) => status === 'DESTROY_SCHEDULED')
  throw new InvalidKeyStateError(
    `A key can be deleted only while it is in state PRE_ACTIVATION or when all its versions are DESTROYED. ${
      isWaiting
        ? 'Wait until the waiting periods of its versions have ended (destroyScheduledFor).'
        : 'Deactivate and destroy its versions first (deactivateKeyVersion, destroyKeyVersion).'
    }`,
    { keyStatus: statusOf(key.versions), version: standing[0] ?? null, allowed: ['DESTROYED'] },
  )
}

function nextDueOn(
  before: KeyState,
  after: KeyState,
  settings: LifecycleSettings & { readonly command: KeyCommand },
): CalendarDay | null {
  const newest = defaultVersionOf(after, settings.certainNow)
  if (!after.rotation.enabled || newest?.status !== 'ACTIVE') return null
  const restarts =
    after.lastVersionNumber !== before.lastVersionNumber || settings.command.type === 'configureRotation'
  if (!restarts && before.rotation.dueOn !== null) return before.rotation.dueOn
  const createdOn = dayAt(newest.createdAt, settings.timeZone)
  const from = createdOn > after.rotation.configuredOn ? createdOn : after.rotation.configuredOn
  const due = addDays(from, after.rotation.cycleDays)
  // If the version is reactivated after its day has passed, it rotates at the next midnight, not at once.
  const tomorrow = addDays(dayAt(settings.now, settings.timeZone), 1)
  return due > tomorrow ? due : tomorrow
}

/** A day of the calendar, `YYYY-MM-DD`; compares by text as it does by time. */
export type CalendarDay = string

/** The day that it is in a time zone at a moment. */
export function dayAt(moment: Date, timeZone: string): CalendarDay {
  return Temporal.Instant.fromEpochMilliseconds(moment.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString()
}

/** The day some days later. */
function addDays(day: CalendarDay, days: number): CalendarDay {
  return Temporal.PlainDate.from(day).add({ days }).toString()
}

/** The first instant of a day in a time zone, which is not 00:00 where the clocks skip midnight. */
export function startOfDay(day: CalendarDay, timeZone: string): Date {
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds)
}
