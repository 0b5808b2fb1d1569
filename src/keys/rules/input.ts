import { startsAsId } from '../../ids.ts'
import { parseSubject, readSubject, subjectNameFault } from './caller.ts'
import { type InputIssue, InputValidationError, inputIssuesMax } from './errors.ts'
import { textFault } from './names.ts'

export interface AutomaticRotationInput {
  readonly enabled: boolean
  readonly cycleDays?: number | null | undefined
}

/** Most entries of one access list. */
export const allowedSubjectsMax = 1000
/** Most of them that say more than who. */
export const accessEntriesMax = 200
/** Most aliases of one key. */
export const aliasesMax = 50
/** Days between automatic rotations. */
export const rotationCycleDays = { min: 1, max: 1095, default: 365 } as const
/** Longest note of a role binding or of an entry of an access list, in characters. */
export const noteLengthMax = 256
/** Most items of a batch of changes. */
export const changeBatchItemsMax = 100
/** Longest waiting period of a destruction, in days. */
export const destroyWaitingDaysMax = 30

const userKeyName = /^[a-z0-9][A-Za-z0-9_-]{0,63}$/

/** Collects the issues of an input, so that a form can show all of them at once. */
export class InputIssues {
  /** The first issues. Further ones are only counted. */
  readonly #issues: InputIssue[] = []
  #count = 0

  /** Notes an issue at a dotted path below `input` unless the condition holds. */
  require(condition: boolean, path: string, message: string): void {
    if (condition) return
    this.#count += 1
    if (this.#issues.length < inputIssuesMax) this.#issues.push({ path: path.split('.'), message })
  }

  /** True if anything was noted. */
  get hasAny(): boolean {
    return this.#count > 0
  }

  /** Throws InputValidationError if anything was noted. */
  throwIfAny(): void {
    if (this.#count > 0) throw new InputValidationError(this.#issues, this.#count)
  }
}

/** Throws InputValidationError with one issue unless the condition holds. */
export function requireInput(condition: boolean, path: string, message: string): void {
  if (!condition) throw new InputValidationError([{ path: path.split('.'), message }])
}

/** Throws InputValidationError if a value of the input has more bytes than allowed. */
export function requireBytesAtMost(max: number, path: string, bytes: Uint8Array, advice = ''): void {
  requireInput(bytes.length <= max, path, `must have at most ${max} bytes${advice}`)
}

/** Years of four digits. The database has no year 0. */
const years = { first: Date.parse('0001-01-01T00:00:00Z'), last: Date.parse('9999-12-31T23:59:59.999Z') }

/** Nearest time that the database can compare with. No row is older or newer. */
export function databaseTime(time: Date): Date {
  return new Date(Math.min(Math.max(time.getTime(), years.first), years.last))
}

/**
 * Checks whether a user key can have this name or alias. Service keys start with an uppercase letter, so names never
 * collide. Whether it could be taken for an ID is checked where a name is given.
 */
export function isUserKeyName(name: string): boolean {
  return userKeyName.test(name)
}

/** Checks a new name or alias of a user key. */
export function checkName(issues: InputIssues, name: string, path = 'name'): void {
  issues.require(
    isUserKeyName(name),
    path,
    'must be 1 to 64 letters, digits, "-" or "_", and start with a lowercase letter or a digit',
  )
  issues.require(
    !startsAsId(name),
    path,
    `must not start with "${name.slice(0, name.indexOf('_') + 1)}", as IDs do`,
  )
}

/** Checks a description: up to 256 visible characters (code points). */
export function checkDescription(issues: InputIssues, description: string): void {
  issues.require([...description].length <= 256, 'description', 'must have at most 256 characters')
  const fault = textFault(description)
  issues.require(fault === null, 'description', fault ?? '')
}

/** Items that have not expired. */
export function inForce<Item extends { readonly expiresAt: Date | null }>(
  items: readonly Item[],
  now: Date,
): readonly Item[] {
  return items.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
}

/** Checks the end of a role binding or of an entry of an access list that is to be made. */
export function checkExpiry(issues: InputIssues, expiresAt: Date | null, path: string, now: Date): void {
  if (expiresAt === null) return
  issues.require(expiresAt > now, path, 'must be in the future')
  issues.require(databaseTime(expiresAt) >= expiresAt, path, 'must be before the year 10000')
}

/** Checks a note for people. */
export function checkNote(issues: InputIssues, note: string, path: string): void {
  issues.require([...note].length <= noteLengthMax, path, `must have at most ${noteLengthMax} characters`)
  const fault = textFault(note)
  issues.require(fault === null, path, fault ?? '')
}

/** Checks the cycle of automatic rotation. */
export function checkCycleDays(
  issues: InputIssues,
  cycleDays: number | null | undefined,
  path: string,
): void {
  const { min, max } = rotationCycleDays
  issues.require(
    cycleDays === null ||
      cycleDays === undefined ||
      (Number.isInteger(cycleDays) && cycleDays >= min && cycleDays <= max),
    path,
    `must be ${min} to ${max} days`,
  )
}

/** Checks subjects for an access list. */
export function checkSubjects(issues: InputIssues, subjects: readonly string[], path: string): void {
  checkEach(issues, subjects, path, (subject) => {
    const given = readSubject(subject)
    return 'fault' in given ? given.fault : null
  })
}

/** Checks subjects to remove from an access list. Lists may hold subjects that were stored under older, looser rules. */
export function checkListedSubjects(issues: InputIssues, subjects: readonly string[], path: string): void {
  checkEach(issues, subjects, path, (subject) =>
    parseSubject(subject) === null ? 'must be a subject, e.g. user:alice' : null,
  )
}

/** Checks names of groups. */
export function checkGroups(issues: InputIssues, groups: readonly string[], path: string): void {
  checkEach(issues, groups, path, (group) => subjectNameFault('GROUP', group))
}

function checkEach(
  issues: InputIssues,
  values: readonly string[],
  path: string,
  faultOf: (value: string) => string | null,
): void {
  issues.require(values.length <= allowedSubjectsMax, path, `must have at most ${allowedSubjectsMax} entries`)
  // The entries of a list that is too long are not checked.
  if (values.length > allowedSubjectsMax) return
  for (const [index, value] of values.entries()) {
    const fault = faultOf(value)
    issues.require(fault === null, `${path}.${index}`, fault ?? '')
  }
}
