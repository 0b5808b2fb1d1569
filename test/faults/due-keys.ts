import { createApp } from '../../src/app.ts'
import type { Clock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { type Client, clientFor } from '../support/story.ts'
import { manager } from './fault-servers.ts'
import { actionOf, afterChange, type Change, newState } from './known-key.ts'
import type { KnownKey, Ledger } from './ledger.ts'
import { newName } from './load-choice.ts'
import { patientOf } from './patient-client.ts'

/** How many keys fall due, of each kind. */
export interface DueCounts {
  readonly rotations: number
  readonly destructions: number
}

/** Three days ago: long enough for a cycle of two days, and for a waiting period of one. */
const past: Clock = { now: () => new Date(Date.now() - 3 * 24 * 60 * 60 * 1000) }

/**
 * Makes keys as a server did three days ago, so that they are due for rotation now, or one of their versions is for
 * destruction. The embedded database must have no server meanwhile; PostgreSQL may have any number of them.
 */
export async function makeDueKeys(
  environment: Record<string, string>,
  ledger: Ledger,
  { rotations, destructions }: DueCounts,
): Promise<void> {
  const config = readConfig({
    ...environment,
    HOUSEKEEPING_INTERVAL_SECONDS: '3600',
    // It shares a busy machine with the servers under test.
    REQUEST_TIMEOUT_MS: '60000',
  })
  const app = await createApp(config, { clock: past, log: createLog('silent', { write: () => {} }) })
  try {
    const client = clientFor(manager, { getUrl: () => app.url, clock: past })
    await Promise.all([
      ...Array.from({ length: rotations }, () => makeKeyDueForRotation(client, ledger)),
      ...Array.from({ length: destructions }, () => makeVersionDueForDestruction(client, ledger)),
    ])
  } finally {
    await app.close()
  }
}

async function makeKeyDueForRotation(client: Client, ledger: Ledger): Promise<void> {
  const name = newName()
  const automaticRotation = { enabled: true, cycleDays: 2 }
  const { userKey } = await client.mutate('createUserKey', { name, automaticRotation }, 'userKey { id }')
  ledger.addKey(userKey.id, newState(name, '')).rotationDue = true
}

async function makeVersionDueForDestruction(client: Client, ledger: Ledger): Promise<void> {
  const name = newName()
  const { userKey } = await client.mutate('createUserKey', { name }, 'userKey { id }')
  const keyId = userKey.id as string
  await client.mutate('rotateUserKey', { key: keyId })
  await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
  await client.mutate('destroyKeyVersion', { version: { key: keyId, number: 1 }, waitingPeriodDays: 1 })
  // Written down at the end, so that nobody changes the key before. That its waiting period is over is what 0 says.
  const changes: readonly Change[] = [
    { type: 'rotate' },
    { type: 'deactivate', version: 1 },
    { type: 'destroy', version: 1, waitingPeriodDays: 0 },
  ]
  const key = ledger.addKey(keyId, newState(name, ''))
  for (const change of changes) ledger.addChange(key, change, afterChange(key.state, change).revision)
}

/**
 * Waits until the system has done all that is due, by itself: it has rotated each key that was due, and erased each
 * version whose waiting period is over. From then on the ledger knows these versions as DESTROYED.
 */
export async function waitForHousekeeping(given: Client, ledger: Ledger): Promise<void> {
  const client = patientOf(given)
  const waiting = () =>
    [...ledger.keys.values()].filter(
      ({ rotationDue, state }) => rotationDue || state.versions.includes('DESTROY_DUE'),
    )
  while (waiting().length > 0) {
    for (const key of waiting()) await lookAt(client, key)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function lookAt(client: Client, key: KnownKey): Promise<void> {
  const { auditEvents } = await client.ask<EventsAnswer>(
    `query($keyId: KeyRef!, $action: [AuditAction!]!) {
      auditEvents(first: 100, filter: { key: $keyId, action: $action, outcome: [SUCCEEDED] }) {
        nodes { actor { id } details keyRevision }
      }
    }`,
    { keyId: key.id, action: [actionOf.rotate, actionOf.destroy, 'DESTROY_KEY_VERSION'] },
  )
  const destroyed = new Set(
    auditEvents.nodes.flatMap(({ details }) => (details.destroyedVersions ?? '').split(' ').map(Number)),
  )
  const rotation = auditEvents.nodes.find(({ actor }) => actor.id === 'system:rotation')
  const { state } = key
  const versions = state.versions.map((status, index) =>
    status === 'DESTROY_DUE' && destroyed.has(index + 1) ? 'DESTROYED' : status,
  )
  const revision = Math.max(state.revision, ...auditEvents.nodes.map(({ keyRevision }) => keyRevision))
  key.state = { ...state, versions, revision }
  if (key.rotationDue && rotation) {
    key.rotationDue = false
    key.state = { ...key.state, versions: [...versions, 'ACTIVE'] }
  }
}

interface EventsAnswer {
  readonly auditEvents: {
    readonly nodes: readonly {
      readonly actor: { readonly id: string }
      readonly details: { readonly destroyedVersions?: string }
      readonly keyRevision: number
    }[]
  }
}
