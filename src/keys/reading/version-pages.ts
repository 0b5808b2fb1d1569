import { findAlgorithm } from '../../crypto/algorithms.ts'
import { parseId } from '../../ids.ts'
import {
  countStandingVersions,
  countVersions,
  findVersionPages,
  findVersionsByNumber,
} from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { canView } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { nearLimitFrom } from '../rules/encryption-limits.ts'
import { ForbiddenError } from '../rules/errors.ts'
import { type VersionOwner, versionView } from './make-views.ts'
import {
  type CursorList,
  type CursorValues,
  makePage,
  type Page,
  type PageArguments,
  planPage,
} from './pages.ts'
import { isAuthenticVersion, viewSettings } from './verified-rows.ts'
import type { FullKeyView, FullUserKeyView, KeyVersionUsageView, KeyVersionView } from './views.ts'

/** One version of each of several keys, in one statement. */
export async function versionsByNumber(
  parts: Dependencies,
  call: RequestContext,
  wanted: readonly { key: FullKeyView; number: number }[],
): Promise<(KeyVersionView | null)[]> {
  const shown = wanted.map((each) => (canView(call.caller, each.key.accessFacts) ? each : null))
  const rows = await findVersionsByNumber(
    parts.store.db,
    shown.flatMap((each) => (each === null ? [] : [{ keyId: each.key.uuid, number: each.number }])),
  )
  const { now } = viewSettings(parts)
  const found = new Map(
    rows
      .filter((row) => isAuthenticVersion(parts, row))
      .map((row) => [`${row.keyId} ${row.number}`, row] as const),
  )
  return shown.map((each) => {
    const row = each && found.get(`${each.key.uuid} ${each.number}`)
    return row ? versionView(ownerOf(each.key), row, now) : null
  })
}

/** A page of versions, newest first, of each of several keys, in one statement. */
export async function versionPages(
  parts: Dependencies,
  call: RequestContext,
  keys: readonly FullKeyView[],
  page: PageArguments,
): Promise<Page<KeyVersionView>[]> {
  const { db } = parts.store
  const list: CursorList = { key: parts.cursorMac, name: `versions in ${call.caller.projectId}` }
  const plan = planPage(page, list)
  const shown = keys.filter((key) => canView(call.caller, key.accessFacts))
  // Without duplicates: a request can name a key twice.
  const keyIds = [...new Set(shown.map((key) => key.uuid))]
  // Newest first: "after" a version come the lower numbers.
  const rows = await findVersionPages(db, {
    keyIds,
    above: numberOf(plan.before),
    below: numberOf(plan.after),
    newestFirst: plan.forward,
    max: plan.size + 1,
  })
  const { now } = viewSettings(parts)
  let counts: Promise<Map<string, number>> | null = null
  const rowsOf = Map.groupBy(rows, (row) => row.keyId)
  return keys.map((key) =>
    makePage(shown.includes(key) ? (rowsOf.get(key.uuid) ?? []) : [], plan, list, {
      cursorValuesOf: (row) => [row.number],
      itemOf: (row) => (isAuthenticVersion(parts, row) ? versionView(ownerOf(key), row, now) : null),
      async totalCount() {
        counts ??= countVersions(db, keyIds)
        return (await counts).get(key.uuid) ?? 0
      },
    }),
  )
}

/** Tells for each of several keys whether its state allows deletion, in one statement. */
export async function deletable(
  parts: Dependencies,
  call: RequestContext,
  keys: readonly FullUserKeyView[],
): Promise<boolean[]> {
  const shown = keys.filter((key) => canView(call.caller, key.accessFacts)).map((key) => key.uuid)
  const standing = await countStandingVersions(parts.store.db, shown, viewSettings(parts).now)
  return keys.map((key) => shown.includes(key.uuid) && !standing.has(key.uuid))
}

/** Encryptions are counted only if they are limited. */
const uncounted = { encryptions: null, remainingEncryptions: null, nearLimit: false } as const

/** Use of each of several versions, in one statement. */
export async function usageOf(
  parts: Dependencies,
  call: RequestContext,
  versions: readonly KeyVersionView[],
): Promise<KeyVersionUsageView[]> {
  const places = versions.flatMap(({ keyId, number: versionNumber, accessFacts }) => {
    const key = parseId(keyId)
    return key !== null && canView(call.caller, accessFacts) ? [{ keyId: key.uuid, versionNumber }] : []
  })
  if (places.length !== versions.length) throw new ForbiddenError()
  const uses = await parts.usage.read(places)
  return versions.map(({ algorithm }, index) => {
    const { lastUsedAt = null, encryptions = 0 } = uses[index] ?? {}
    const capability = findAlgorithm(algorithm)?.capabilities.ENCRYPT_DECRYPT
    if (capability?.kind !== 'aead') return { lastUsedAt, ...uncounted }
    const { encryptionsMax } = capability
    if (encryptionsMax === null) return { lastUsedAt, ...uncounted }
    return {
      lastUsedAt,
      encryptions,
      remainingEncryptions: encryptionsMax - encryptions,
      nearLimit: encryptions >= nearLimitFrom(encryptionsMax),
    }
  })
}

function ownerOf(key: FullKeyView): VersionOwner {
  const { id: keyId, algorithm, usage, origin, accessFacts, restoredAt: keyRestoredAt, defaultVersion } = key
  return {
    keyId,
    algorithm,
    usage,
    origin,
    accessFacts,
    keyRestoredAt,
    lastVersionNumber: defaultVersion?.number ?? 0,
  }
}

function numberOf(values: CursorValues | null): number | null {
  return values === null ? null : Number(values[0])
}
