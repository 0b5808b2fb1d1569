/**
 * Where a version stands as far as callers were told. `DESTROY_DUE`: it is destroyed, or will be by itself shortly; with
 * its material or without.
 */
export type KnownVersion = 'ACTIVE' | 'DEACTIVATED' | 'DESTROY_SCHEDULED' | 'DESTROY_DUE' | 'DESTROYED'

/** What callers were told of a key. */
export interface KeyState {
  readonly name: string
  readonly description: string
  /** Subjects on its list in order; null while access control is off. */
  readonly subjects: readonly string[] | null
  /** Version 1 first. */
  readonly versions: readonly KnownVersion[]
  readonly revision: number
}

/** One change of a key that was asked for. */
export type Change =
  | { readonly type: 'rotate' }
  | { readonly type: 'rename'; readonly name: string; readonly description: string }
  | { readonly type: 'limitAccess'; readonly subjects: readonly string[] }
  | { readonly type: 'addSubjects' | 'removeSubjects'; readonly subjects: readonly string[] }
  | { readonly type: 'openAccess' }
  | { readonly type: 'deactivate' | 'restore'; readonly version: number }
  | { readonly type: 'destroy'; readonly version: number; readonly waitingPeriodDays: number }

/** What the audit trail calls each change. */
export const actionOf: Readonly<Record<Change['type'], string>> = {
  rotate: 'ROTATE_KEY',
  rename: 'UPDATE_USER_KEY',
  limitAccess: 'ENABLE_ACCESS_CONTROL',
  addSubjects: 'ADD_ALLOWED_SUBJECTS',
  removeSubjects: 'REMOVE_ALLOWED_SUBJECTS',
  openAccess: 'DISABLE_ACCESS_CONTROL',
  deactivate: 'DEACTIVATE_KEY_VERSION',
  restore: 'RESTORE_KEY_VERSION',
  destroy: 'SCHEDULE_KEY_VERSION_DESTRUCTION',
}

/** A key as it is created. */
export function newState(name: string, description: string): KeyState {
  return { name, description, subjects: null, versions: ['ACTIVE'], revision: 1 }
}

/** The state after a change that took effect as a whole. */
export function afterChange(state: KeyState, change: Change): KeyState {
  return { ...state, ...changedBy(state, change), revision: state.revision + 1 }
}

function changedBy(state: KeyState, change: Change): Partial<KeyState> {
  const subjects = state.subjects ?? []
  switch (change.type) {
    case 'rotate':
      return { versions: [...state.versions, 'ACTIVE'] }
    case 'rename':
      return { name: change.name, description: change.description }
    case 'limitAccess':
      return { subjects: [...change.subjects].sort() }
    case 'addSubjects':
      return { subjects: [...new Set([...subjects, ...change.subjects])].sort() }
    case 'removeSubjects':
      return { subjects: subjects.filter((subject) => !change.subjects.includes(subject)) }
    case 'openAccess':
      return { subjects: null }
    case 'deactivate':
    case 'restore':
      return withVersion(state, change.version, 'DEACTIVATED')
    case 'destroy':
      return withVersion(
        state,
        change.version,
        change.waitingPeriodDays === 0 ? 'DESTROY_DUE' : 'DESTROY_SCHEDULED',
      )
  }
}

function withVersion(state: KeyState, number: number, status: KnownVersion): Partial<KeyState> {
  return { versions: state.versions.map((before, index) => (index + 1 === number ? status : before)) }
}
