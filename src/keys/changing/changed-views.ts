import type { DomainParts } from '../parts/parts.ts'
import { fullUserKeyView, ownerOfVersions, userKeyView, versionView } from '../reading/make-views.ts'
import { viewSettings } from '../reading/verified-rows.ts'
import type { FullUserKeyView, KeyVersionView, UserKeyView } from '../reading/views.ts'
import type { Call } from '../rules/caller.ts'
import type { LockedKey } from './locked-key.ts'

/** A changed key and the version that changed. */
export interface KeyVersionChange {
  readonly key: FullUserKeyView
  readonly version: KeyVersionView
}

/** Full view of a key that the caller has just changed. */
export async function changedKey(
  parts: DomainParts,
  call: Call,
  change: Promise<LockedKey>,
): Promise<FullUserKeyView> {
  const key = await change
  return fullUserKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}

/** View of a key whose access has changed: redacted if the caller has locked itself out. */
export async function keyAfterAccessChange(
  parts: DomainParts,
  call: Call,
  change: Promise<LockedKey>,
): Promise<UserKeyView> {
  const key = await change
  return userKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}

/** Full view of a changed key with one of its versions: the newest unless a number is given. */
export async function changedVersion(
  parts: DomainParts,
  call: Call,
  change: Promise<LockedKey>,
  number?: number,
): Promise<KeyVersionChange> {
  const { row, versions } = await change
  const version = number === undefined ? versions.at(-1) : versions.find((each) => each.number === number)
  if (version === undefined) throw new TypeError('a changed version exists')
  return {
    key: await changedKey(parts, call, change),
    version: versionView(ownerOfVersions(row), version, viewSettings(parts).now),
  }
}
