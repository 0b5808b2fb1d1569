import { findAlgorithm } from '../../src/crypto/algorithms.ts'
import { newUuid } from '../../src/ids.ts'
import { sealChange } from '../../src/keys/changing/locked-key.ts'
import { makeMaterial } from '../../src/keys/changing/new-material.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { type AuditContext, eventOf, startAuditContext } from '../../src/keys/parts/request.ts'
import { applyCommand, dayAt, type KeyState } from '../../src/keys/rules/lifecycle.ts'
import { type KeyRow, keyTable } from '../../src/store/rows/key-rows.ts'
import { insertVersions } from '../../src/store/rows/version-rows.ts'
import { insertRows } from '../../src/store/sql.ts'
import { draftKey } from './sample-rows.ts'

const groupSize = 500

/** What keys to make, as if users had made them one by one. */
export interface DueKeys {
  readonly count: number
  readonly projectId: string
  /** Taken in turns. */
  readonly algorithms: readonly string[]
  readonly createdAt: Date
  /** They are due so many days after that, and again after each rotation. */
  readonly cycleDays: number
  /** Whether only their owner, user:mia, sees them whole. */
  readonly accessControlEnabled?: boolean
}

/** Makes many keys with one version and one event each, in few statements; gives their UUIDs. */
export async function insertDueKeys(parts: Dependencies, wanted: DueKeys): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < wanted.count) {
    const from = ids.length
    const count = Math.min(groupSize, wanted.count - from)
    ids.push(...(await insertGroup(parts, wanted, { from, count })))
  }
  return ids
}

async function insertGroup(
  parts: Dependencies,
  wanted: DueKeys,
  { from, count }: { from: number; count: number },
): Promise<string[]> {
  const { store, policyMac, audit, settings } = parts
  const { createdAt: now } = wanted
  const timeZone = settings.rotationTimeZone
  const state = {
    ...applyCommand(
      emptyState(wanted, timeZone),
      { type: 'activateKey' },
      { ...settings, now, certainNow: now, timeZone },
    ),
    revision: 1,
  }
  const sealed = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const draft = draftOf(wanted, from + index, state)
      const material = await makeMaterial(parts, draft, 1, attemptAt(draft))
      return sealChange(policyMac, { row: draft, versions: [] }, { state, material: [material], now })
    }),
  )
  const rows = sealed.map(({ after }) => after.row)
  await store.transaction(async (tx) => {
    await insertRows(tx, keyTable, rows)
    await insertVersions(
      tx,
      sealed.flatMap(({ added }) => added),
    )
    const events = rows.map((row) =>
      eventOf({ ...attemptAt(row), keyId: row.id, keyRevision: 1, versionNumber: 1 }),
    )
    await audit.recordIn(tx, ...events)
  })
  return rows.map(({ id }) => id)
}

function attemptAt({ projectId, createdBy }: Pick<KeyRow, 'projectId' | 'createdBy'>): AuditContext {
  const actor = { projectId, subject: createdBy, tokenId: null, clientAddress: null, requestId: newUuid() }
  return startAuditContext(actor, 'CREATE_USER_KEY')
}

function emptyState({ createdAt, cycleDays }: DueKeys, timeZone: string): KeyState {
  return {
    origin: 'KEYSTEAD',
    versions: [],
    lastVersionNumber: 0,
    skippedVersions: [],
    lastRotatedAt: null,
    rotation: { enabled: true, cycleDays, configuredOn: dayAt(createdAt, timeZone), dueOn: null },
    keySet: null,
    revision: 1,
  }
}

function draftOf(wanted: DueKeys, index: number, state: KeyState): KeyRow {
  const { algorithms, projectId, createdAt, accessControlEnabled = false } = wanted
  const algorithm = algorithms[index % algorithms.length] ?? ''
  const [usage] = Object.keys(findAlgorithm(algorithm)?.capabilities ?? {})
  if (usage === undefined) throw new TypeError(`no algorithm named ${algorithm}`)
  return draftKey({
    projectId,
    name: `due-${String(index).padStart(6, '0')}`,
    usage,
    algorithm,
    accessControlEnabled,
    rotationEnabled: true,
    rotationCycleDays: state.rotation.cycleDays,
    rotationConfiguredOn: state.rotation.configuredOn,
    createdAt,
  })
}
