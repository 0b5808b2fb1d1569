import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import type { DomainParts } from '../parts/parts.ts'
import { fullUserKeyView, ownerOfVersions, userKeyView, versionView } from '../reading/make-views.ts'
import { viewSettings } from '../reading/verified-rows.ts'
import type { FullUserKeyView, KeyVersionView, UserKeyView } from '../reading/views.ts'
import type { Call } from '../rules/caller.ts'

/** A changed key and the version that changed. */
export interface KeyVersionChange {
  readonly key: FullUserKeyView
  readonly version: KeyVersionView
}

/** Full view of a key that the caller has just changed. */
export function changedKey(parts: DomainParts, call: Call, key: WholeKey): FullUserKeyView {
  return fullUserKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}

/** View of a key whose access has changed: redacted if the caller has locked itself out. */
export function keyAfterAccessChange(parts: DomainParts, call: Call, key: WholeKey): UserKeyView {
  return userKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}

/** Full view of a changed key with one of its versions: the newest unless a number is given. */
export function changedVersion(
  parts: DomainParts,
  call: Call,
  key: WholeKey,
  number?: number,
): KeyVersionChange {
  const { row, versions } = key
  const version = number === undefined ? versions.at(-1) : versions.find((each) => each.number === number)
  if (version === undefined) throw new TypeError('a changed version exists')
  return {
    key: changedKey(parts, call, key),
    version: versionView(ownerOfVersions(row), version, viewSettings(parts).now),
  }
}
