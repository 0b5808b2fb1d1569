import { destroyedVersionsOf, displayNameDetail, isAboutRoles, keyStateDetail } from '../../audit/events.ts'
import {
  type RecordedEvent,
  readById,
  readPage,
  readPagesOfKeys,
  verifyEvents,
} from '../../audit/read-events.ts'
import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import { formatId, keyIdOf, type ParsedKeyId, parseId, parseKeyId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import {
  type AuditPosition,
  type AuditRange,
  type AuditRowFilter,
  countAuditEvents,
  countAuditEventsOfKeys,
} from '../../store/audit/event-pages.ts'
import { sourceOnRecordDetail } from '../../store/audit/usage-rows.ts'
import { lowestUuid } from '../../store/pages.ts'
import { findDeletedKeys, findKeys } from '../../store/rows/key-rows.ts'
import { findVersionsById } from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  findReferencedRow,
  readKeyReference,
  readVersionReference,
  type VersionReference,
} from '../parts/key-references.ts'
import { readMany, requireRoleFor } from '../parts/request.ts'
import {
  type AccessFacts,
  accessFactsOf,
  auditReaderOf,
  canReadAudit,
  factsOfDeleted,
  permissionsOfRoles,
} from '../rules/access.ts'
import { canonicalSubject, parseSubject, type RequestContext } from '../rules/caller.ts'
import {
  checkContext,
  contextDetails,
  contextInDetails,
  detailsOfContext,
} from '../rules/encryption-context.ts'
import { ForbiddenError } from '../rules/errors.ts'
import { databaseTime, InputIssues, requireInput } from '../rules/input.ts'
import { checkLabelConditions, type LabelCondition, wantedLabels } from '../rules/labels.ts'
import {
  type CursorList,
  type CursorValues,
  makePage,
  type Page,
  type PageArguments,
  type PagePlan,
  planPage,
} from './pages.ts'
import { isAuthenticDeletedKey, isAuthenticKey, type RowChecks } from './verified-rows.ts'
import type { AuditEventView, FullUserKeyView } from './views.ts'

/** Filter of audit events; all conditions must hold. */
export interface AuditEventFilterInput {
  /** ID, or name or alias of a live key. */
  readonly key?: string | null | undefined
  /** Also where an event is about several versions. */
  readonly version?: VersionReference | null | undefined
  /** That the key has now. */
  readonly labels?: readonly LabelCondition[] | null | undefined
  readonly action?: readonly AuditEventView['action'][] | null | undefined
  readonly outcome?: readonly AuditEventView['outcome'][] | null | undefined
  /** Subject string. */
  readonly actor?: string | null | undefined
  /** Pairs that the encryption context of the operation had. */
  readonly context?: EncryptionContext | null | undefined
  /** Including this moment. */
  readonly from?: Date | null | undefined
  /** Excluding this moment. */
  readonly to?: Date | null | undefined
}

/**
 * Audit events of the caller's project, newest first, without those of keys that are redacted for the caller. Without a
 * role for the trail, a caller may ask for a key of its own.
 */
export async function auditEvents(
  parts: Dependencies,
  call: RequestContext,
  page: PageArguments,
  filter: AuditEventFilterInput,
): Promise<Page<AuditEventView>> {
  const key = await findFilteredKey(parts, call, filter)
  const version = await findFilteredVersion(parts, call, filter)
  await requireAuditReader(parts, call, key ?? version?.key ?? null)
  const { db } = parts.store
  const rowFilter = rowFilterOf(parts, call, filter, { key, version })
  const list: CursorList = {
    key: parts.cursorMac,
    // Not bound to what the caller sees at the moment: a page must go on after a change of access.
    name: JSON.stringify(['audit events', { ...rowFilter, visibleTo: null }]),
  }
  const plan = planPage(page, list)
  const rows = await readPage(db, { filter: rowFilter, range: rangeOf(plan) })
  const views = await viewsOf(parts, call, rows.slice(0, plan.size))
  return makePage(rows, plan, list, {
    cursorValuesOf,
    itemOf: (row) => views.get(row.id) ?? null,
    totalCount: () => readMany(parts, call, () => countAuditEvents(db, rowFilter)),
  })
}

/** The key that a filter names; null if it names none, and an ID that no key has for what can name no key. */
export async function findFilteredKey(
  parts: Dependencies,
  call: RequestContext,
  { key = null }: Pick<AuditEventFilterInput, 'key'>,
): Promise<ParsedKeyId | null> {
  if (key === null) return null
  if ('id' in readKeyReference(key)) return parseKeyId(key) ?? unknownKey
  const row = await findReferencedRow(parts, call.caller.projectId, key)
  return row === null ? unknownKey : { id: row.id, kind: row.kind }
}

/** Stands for what can name no key. */
const unknownKey = { id: lowestUuid, kind: 'USER' } as const

/** The version that a filter names, and its key. Whether the caller sees it decides which events it sees. */
async function findFilteredVersion(
  parts: Dependencies,
  call: RequestContext,
  { version = null }: AuditEventFilterInput,
): Promise<{ readonly key: ParsedKeyId; readonly number: number } | null> {
  if (version === null) return null
  const address = readVersionReference(version, 'filter.version')
  if ('key' in address) {
    return { key: (await findFilteredKey(parts, call, address)) ?? unknownKey, number: address.number }
  }
  const { projectId } = call.caller
  const id = parseId(address.id)
  const ids = id?.kind === 'keyVersion' ? [id.uuid] : []
  const [row] = await findVersionsById(parts.store.db, { projectId, ids })
  // An unknown version stands for its key, so that the statements are the same.
  const keyId = row?.keyId ?? ids[0] ?? lowestUuid
  const [key] = await findKeys(parts.store.db, { projectId, ids: [keyId], redactedIds: [] })
  if (row === undefined || key === undefined) return { key: unknownKey, number: 0 }
  return { key: { id: key.id, kind: key.kind }, number: row.number }
}

/** Throws ForbiddenError unless the caller reads the whole trail, or that of the key that the filter names. */
export async function requireAuditReader(
  parts: Dependencies,
  call: RequestContext,
  id: ParsedKeyId | null,
): Promise<void> {
  const given = permissionsOfRoles(call.caller)
  if (given.includes('READ_AUDIT')) return
  requireRoleFor(call, 'VIEW')
  if (id === null || !('id' in id) || id.kind !== 'USER') throw new ForbiddenError()
  const key = (await findEventKeys(parts, call.caller.projectId, [id.id])).get(id.id)
  if (key === undefined || !canReadAudit(call.caller, key.accessFacts)) throw new ForbiddenError()
}

/** Audit events of each of several keys, in a constant number of statements; null without READ_AUDIT on the key. */
export async function keyAuditEvents(
  parts: Dependencies,
  call: RequestContext,
  keys: readonly FullUserKeyView[],
  page: PageArguments,
): Promise<(Page<AuditEventView> | null)[]> {
  const { db } = parts.store
  const list: CursorList = {
    key: parts.cursorMac,
    name: `audit events of a key in ${call.caller.projectId}`,
  }
  const plan = planPage(page, list)
  const shown = new Set(
    keys.filter((key) => canReadAudit(call.caller, key.accessFacts)).map((key) => key.uuid),
  )
  if (shown.size === 0) return keys.map(() => null)
  const keyIds = [...shown]
  const { predatesChains } = parts.auditKeys
  const rows = await readPagesOfKeys(db, { keyIds, range: rangeOf(plan), predatesChains })
  const rowsOf = Map.groupBy(rows, (row) => row.keyId)
  const views = await viewsOf(
    parts,
    call,
    [...rowsOf.values()].flatMap((each) => each.slice(0, plan.size)),
  )
  let counts: Promise<Map<string, number>> | null = null
  return keys.map((key) => {
    if (!shown.has(key.uuid)) return null
    return makePage(rowsOf.get(key.uuid) ?? [], plan, list, {
      cursorValuesOf,
      itemOf: (row) => views.get(row.id) ?? null,
      async totalCount() {
        counts ??= countAuditEventsOfKeys(db, { keyIds, predatesChains })
        return (await counts).get(key.uuid) ?? 0
      },
    })
  })
}

/**
 * Events by UUID. A hidden event runs the same statements as an unknown one. A caller without a role runs none.
 */
export async function auditEventsById(
  parts: Dependencies,
  call: RequestContext,
  ids: readonly string[],
): Promise<Map<string, AuditEventView>> {
  if (ids.length === 0 || !permissionsOfRoles(call.caller).includes('VIEW')) return new Map()
  const { projectId } = call.caller
  const rows = await readById(parts.store.db, {
    projectId,
    visibleTo: auditReaderOf(call.caller, parts.clock.now()),
    predatesChains: parts.auditKeys.predatesChains,
    ids,
  })
  const found = new Set(rows.map((row) => row.id))
  // For an unknown event its own ID stands in for the key's, so that the statements are the same.
  return viewsOf(
    parts,
    call,
    rows,
    ids.filter((id) => !found.has(id)),
  )
}

/** Views of events by UUID. Events that do not verify, or whose key the caller may not read about, get none. */
async function viewsOf(
  parts: Dependencies,
  call: RequestContext,
  read: readonly RecordedEvent[],
  padding: readonly string[] = [],
): Promise<Map<string, AuditEventView>> {
  const { store, auditKeys, alert } = parts
  const events = await verifyEvents({ db: store.db, chainMac: auditKeys.chainMac }, read, (what, id) =>
    alert(new IntegrityError(what, id)),
  )
  const readsTrail = permissionsOfRoles(call.caller).includes('READ_AUDIT')
  const keyIdIn = (event: RecordedEvent) => (isAboutRoles(event) ? null : event.keyId)
  const named = events.flatMap((event) => [keyIdIn(event), event.sourceKeyId])
  const wanted = new Set([...named.filter((id) => id !== null), ...padding])
  const found = await findEventKeys(parts, call.caller.projectId, [...wanted])
  const readable = new Map([...found].filter(([, key]) => canReadAudit(call.caller, key.accessFacts)))
  return new Map(
    events.flatMap((event) => {
      const keyId = keyIdIn(event)
      const key = keyId === null ? null : readable.get(keyId)
      if (key === undefined || (key === null && !readsTrail)) return []
      const hidesSource = event.sourceKeyId !== null && !readable.has(event.sourceKeyId)
      const view: AuditEventView = {
        kind: 'AUDIT_EVENT',
        id: formatId('auditEvent', event.id),
        projectId: event.projectId,
        accessFacts: key?.accessFacts ?? null,
        occurredAt: event.occurredAt,
        action: event.action,
        outcome: event.outcome,
        errorCode: event.errorCode,
        actor: canonicalSubject(event.actor),
        actorDisplayName: displayNameOf(event.details),
        tokenId: event.tokenId,
        clientAddress: event.clientAddress,
        requestId: event.requestId,
        keyId: key?.id ?? null,
        keyName: key?.name ?? null,
        keyDeleted: key?.deleted ?? null,
        keyRevision: keyId === null ? null : event.keyRevision,
        versionNumber: event.versionNumber,
        versionNumbers: versionNumbersOf(event, key?.id ?? null),
        context: contextInDetails(event.details, contextDetails.own),
        sourceContext: contextInDetails(event.details, contextDetails.source),
        details: shownDetails(event.details, hidesSource),
      }
      return [[event.id, view] as const]
    }),
  )
}

/** Most versions that an event lists; its details name all. */
export const versionNumbersMax = 10_000

/** Versions of its key that an event is about, in order. The filter by version finds an event by each of them. */
function versionNumbersOf(
  { versionNumber, details }: RecordedEvent,
  keyId: string | null,
): readonly number[] {
  const { sourceKeyId, sourceVersion } = details
  const source = sourceKeyId === keyId && typeof sourceVersion === 'number' ? [sourceVersion] : []
  const own = versionNumber === null ? [] : [versionNumber]
  const numbers = new Set([...own, ...destroyedVersionsOf(details), ...source])
  return [...numbers].toSorted((a, b) => a - b).slice(0, versionNumbersMax)
}

function displayNameOf({ [displayNameDetail]: name }: RecordedEvent['details']): string | null {
  return typeof name === 'string' ? name : null
}

/** Details for which events have fields of their own, and the key state, which only verification needs. */
const unshownDetails = [keyStateDetail, displayNameDetail, sourceOnRecordDetail]

/** Details of the source of a re-encryption. */
const sourceDetails = ['sourceKeyId', 'sourceVersion']

function shownDetails(details: RecordedEvent['details'], hidesSource: boolean): RecordedEvent['details'] {
  const left = hidesSource ? [...unshownDetails, ...sourceDetails] : unshownDetails
  const isContext = (name: string) => Object.values(contextDetails).some((prefix) => name.startsWith(prefix))
  return Object.fromEntries(
    Object.entries(details).filter(([name]) => !left.includes(name) && !isContext(name)),
  )
}

function rowFilterOf(
  parts: Dependencies,
  call: RequestContext,
  filter: AuditEventFilterInput,
  { key, version }: Pick<AuditRowFilter, 'key' | 'version'>,
): AuditRowFilter {
  const { actor = null, from, to, action = null, outcome = null, context = null, labels } = filter
  requireInput(
    actor === null || parseSubject(actor) !== null,
    'filter.actor',
    'must be a subject, e.g. user:alice, service-agent:Backup or system:rotation',
  )
  const issues = new InputIssues()
  if (context !== null) checkContext(issues, context, 'filter.context')
  checkLabelConditions(issues, labels ?? [], 'filter.labels')
  issues.throwIfAny()
  return {
    projectId: call.caller.projectId,
    visibleTo: auditReaderOf(call.caller, parts.clock.now()),
    context: context && {
      own: detailsOfContext(context),
      source: detailsOfContext(context, contextDetails.source),
    },
    predatesChains: parts.auditKeys.predatesChains,
    // A string that is not the ID of a key is treated as an unknown ID.
    key,
    version,
    labels: givenLabels(labels),
    actions: action,
    outcomes: outcome,
    actor: actor === null ? null : canonicalSubject(actor),
    from: from ? databaseTime(from) : null,
    to: to ? databaseTime(to) : null,
  }
}

/** Labels of a filter; null for none. */
export function givenLabels(labels: readonly LabelCondition[] | null | undefined): AuditRowFilter['labels'] {
  return labels && labels.length > 0 ? wantedLabels(labels) : null
}

/** Newest first: "after" an event come the older ones. */
function rangeOf(plan: PagePlan): AuditRange {
  return {
    newestFirst: plan.forward,
    below: positionOf(plan.after),
    above: positionOf(plan.before),
    max: plan.size + 1,
  }
}

function cursorValuesOf(event: RecordedEvent): CursorValues {
  return [event.occurredAt.getTime(), event.id]
}

function positionOf(values: CursorValues | null): AuditPosition | null {
  if (values === null) return null
  const [occurredAt, id] = values
  return { occurredAt: new Date(Number(occurredAt)), id: String(id) }
}

/** A key that audit events name, live or deleted. */
interface EventKey {
  readonly id: string
  /** Last name of a deleted key. */
  readonly name: string
  readonly deleted: boolean
  /** By the last access list of a deleted key. */
  readonly accessFacts: AccessFacts
}

/**
 * Keys of a project that events name, live or deleted, by UUID, in two statements. Rows that do not verify are left out,
 * because they cannot tell who may read about them.
 */
export async function findEventKeys(
  parts: RowChecks & Pick<Dependencies, 'store' | 'clock'>,
  projectId: string,
  ids: readonly string[],
): Promise<Map<string, EventKey>> {
  const { db } = parts.store
  const now = parts.clock.now()
  // In this order, so that a key that is deleted in between is found in one of the two places.
  const live = await findKeys(db, { projectId, ids, redactedIds: [] })
  const deleted = await findDeletedKeys(db, { projectId, ids })
  const found = new Map<string, EventKey>()
  for (const row of deleted) {
    if (!isAuthenticDeletedKey(parts, row)) continue
    found.set(row.id, {
      id: formatId('userKey', row.id),
      name: row.name,
      deleted: true,
      accessFacts: factsOfDeleted(row, now),
    })
  }
  for (const row of live) {
    if (!isAuthenticKey(parts, row)) continue
    const accessFacts = accessFactsOf(row, now)
    found.set(row.id, { id: keyIdOf(row), name: row.name, deleted: false, accessFacts })
  }
  return found
}
