import { randomBytes } from 'node:crypto'
import { newOpaqueUuid, newUuid } from '../../src/ids.ts'
import type { KeyRow } from '../../src/store/rows/key-rows.ts'
import type { KeyVersionRow } from '../../src/store/rows/version-rows.ts'

/** A key's row with every column set to something of its own. */
export function sampleKey(changes: Partial<KeyRow> = {}): KeyRow {
  return {
    id: newUuid(),
    redactedId: newOpaqueUuid(),
    projectId: 'project-a',
    kind: 'USER',
    name: 'orders',
    description: 'Schlüssel für 注文 🔑',
    serviceName: null,
    usage: 'ENCRYPT_DECRYPT',
    algorithm: 'AES256_GCM96',
    origin: 'KEYSTEAD',
    status: 'ACTIVE',
    createdBy: 'USER:ana',
    owner: 'USER:ana',
    accessControlEnabled: true,
    allowedSubjects: ['GROUP:a,b', 'USER:"quoted"', 'USER:{brace}'],
    rotationEnabled: true,
    rotationCycleDays: 365,
    rotationConfiguredOn: '2026-03-08',
    rotationDueOn: '2027-03-08',
    lastRotatedAt: new Date('2026-03-29T01:30:00.999Z'),
    lastVersionNumber: 3,
    skippedVersions: [2, 2],
    restoredAt: new Date('2026-05-05T05:05:05.555Z'),
    accessEntries: [
      {
        subject: 'group:schlüssel',
        permissions: ['VIEW', 'DECRYPT'],
        context: [{ name: 'mandant', value: '注文 "quoted"' }],
        expiresAt: '2027-05-05T05:05:05.555Z',
        note: 'Übergangsweise',
      },
      { subject: 'user:zoë', permissions: null, context: null, expiresAt: null, note: 'x' },
    ],
    aliases: ['a-1', 'current'],
    labels: [{ name: 'team', value: 'Zahlungen "ü"' }],
    decryptableInGraph: true,
    keySet: {
      id: randomBytes(32).toString('base64url'),
      jwsAlgorithm: 'ES256',
      publishAheadHours: 24,
      tokenLifetimeMinutes: 60,
      next: {
        id: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
        number: 4,
        publicKey: 'MFkwEwYHKoZIzj0CAQYI',
        since: '2026-05-05T05:05:05.555Z',
      },
    },
    revision: 7,
    createdAt: new Date('2026-03-08T02:30:00.001Z'),
    updatedAt: new Date('2026-10-25T00:30:00.123Z'),
    mac: new Uint8Array([0, 1, 254, 255]),
    ...changes,
  }
}

/** The row of a user key that has no version yet. */
export function draftKey(changes: Partial<KeyRow> = {}): KeyRow {
  const createdAt = changes.createdAt ?? new Date('2026-01-01T00:00:00.000Z')
  return {
    id: newUuid(),
    redactedId: newOpaqueUuid(),
    projectId: 'project-a',
    kind: 'USER',
    name: 'orders',
    description: '',
    serviceName: null,
    usage: 'ENCRYPT_DECRYPT',
    algorithm: 'AES_256_GCM',
    origin: 'KEYSTEAD',
    status: 'PRE_ACTIVATION',
    createdBy: 'user:mia',
    owner: 'user:mia',
    accessControlEnabled: false,
    aliases: [],
    labels: [],
    decryptableInGraph: false,
    keySet: null,
    allowedSubjects: [],
    rotationEnabled: false,
    rotationCycleDays: 365,
    rotationConfiguredOn: createdAt.toISOString().slice(0, 10),
    rotationDueOn: null,
    lastRotatedAt: null,
    lastVersionNumber: 0,
    skippedVersions: [],
    restoredAt: null,
    accessEntries: [],
    revision: 1,
    createdAt,
    updatedAt: createdAt,
    mac: new Uint8Array(),
    ...changes,
  }
}

/** A version's row with every column set. */
export function sampleVersion(keyId: string, changes: Partial<KeyVersionRow> = {}): KeyVersionRow {
  return {
    id: newUuid(),
    keyId,
    number: 1,
    status: 'ACTIVE',
    keyRevision: 2,
    createdAt: new Date('2026-01-01T00:00:00.001Z'),
    activatedAt: new Date('2026-01-02T00:00:00.002Z'),
    deactivatedAt: new Date('2026-01-03T00:00:00.003Z'),
    destroyScheduledFor: new Date('2026-01-04T00:00:00.004Z'),
    destroyedAt: new Date('2026-01-05T00:00:00.005Z'),
    publicKey: new Uint8Array([0, 128, 255]),
    mac: new Uint8Array([9, 0, 9]),
    ...changes,
  }
}
