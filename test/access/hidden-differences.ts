/** What an owner does with a key: the name of a mutation and its input, but for the key; with a `versionNumber` if it is about a version. */
export type Deed = readonly [mutation: string, input: object]

/** How a key was created and what was done with it then. */
export interface HiddenLife {
  readonly created?: object
  readonly deeds?: readonly Deed[]
  /** By the operator. */
  readonly newOwner?: string
  /** Encryption context of a ciphertext that then moves to a key that everybody sees; null for none. */
  readonly movedFrom?: object | null
  /** Encryptions of version 1, as if they had been made. */
  readonly encryptions?: number
}

/** What no outsider may be told, and no random document says. */
export const unguessed = 'unguessed text'

/** The same, where only names can be. */
export const unguessedAlias = 'unguessed-alias'

const times = (count: number, deed: Deed): Deed[] => Array.from({ length: count }, () => deed)
const encrypt: Deed = ['encrypt', { plaintext: 'aGVsbG8=' }]
const sign: Deed = ['sign', { message: 'aGVsbG8=' }]
const stop: Deed = ['deactivateKeyVersion', { versionNumber: 1 }]
const destroy: Deed = ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 30 }]
const daily = { enabled: true, cycleDays: 1 }
const signing = { algorithm: 'ED25519' }

/**
 * Keys that two servers have under the same name, description and list of always-visible facts, and that differ in
 * what is hidden from those whom their access lists do not name.
 */
export const hiddenDifferences: Readonly<Record<string, { left: HiddenLife; right: HiddenLife }>> = {
  'h-fresh': { left: { created: { preActivation: true } }, right: {} },
  'h-stopped': { left: { deeds: [stop] }, right: {} },
  'h-algorithm': { left: { created: signing }, right: { created: { algorithm: 'CHACHA20_POLY1305' } } },
  'h-usage': {
    left: { created: { algorithm: 'EC_P256', usage: 'SIGN_VERIFY' } },
    right: { created: { algorithm: 'EC_P256', usage: 'KEY_AGREEMENT' } },
  },
  'h-same-algorithm': {
    left: { created: signing, deeds: [sign] },
    right: { created: signing, deeds: [sign] },
  },
  'h-versions': { left: { deeds: times(4, ['rotateUserKey', {}]) }, right: { deeds: [] } },
  'h-rotating': { left: { created: { automaticRotation: daily } }, right: {} },
  // Due after all that happens, on different days.
  'h-due': {
    left: { created: { automaticRotation: { enabled: true, cycleDays: 20 } } },
    right: { created: { automaticRotation: { enabled: true, cycleDays: 40 } } },
  },
  'h-owner': { left: { newOwner: 'user:secret-heir' }, right: {} },
  'h-list': {
    left: { deeds: [['addAllowedSubjects', { subjects: ['user:secret-friend', 'group:secret-circle'] }]] },
    right: { deeds: [['removeAllowedSubjects', { subjects: ['user:nobody-at-all'] }]] },
  },
  'h-entries': {
    left: {
      deeds: [
        [
          'addAllowedSubjects',
          {
            entries: [
              { subject: 'user:secret-friend', permissions: ['DECRYPT'], note: unguessed },
              { subject: 'group:secret-circle', context: [{ name: 'tenant', value: 'acme' }] },
            ],
          },
        ],
      ],
    },
    right: { deeds: [['addAllowedSubjects', { subjects: ['user:nobody-at-all'] }]] },
  },
  // Those of outsiders, too, once they have expired.
  'h-expired': {
    left: {
      deeds: [
        [
          'addAllowedSubjects',
          {
            entries: ['user:mia', 'user:max', 'group:staff', 'service-agent:Backup'].map((subject) => ({
              subject,
              expiresAt: '2026-03-03T00:00:00Z',
            })),
          },
        ],
      ],
    },
    right: {},
  },
  'h-given': {
    left: { deeds: [['transferOwnership', { to: 'group:secret-heirs' }]] },
    right: {},
  },
  'h-context': {
    left: {
      deeds: [
        [
          'encrypt',
          {
            plaintext: 'aGVsbG8=',
            context: [
              { name: 'tenant', value: 'acme' },
              { name: 'app', value: unguessed },
            ],
          },
        ],
      ],
    },
    right: { deeds: [encrypt] },
  },
  'h-moved': {
    left: { movedFrom: [{ name: 'tenant', value: 'acme' }] },
    right: { movedFrom: null },
  },
  'h-aliases': { left: { deeds: [['createAlias', { alias: unguessedAlias }]] }, right: {} },
  'h-labels': {
    left: { deeds: [['labelUserKey', { set: [{ name: 'team', value: 'payments' }] }]] },
    right: { deeds: [['labelUserKey', { set: [{ name: 'stage', value: 'test' }] }]] },
  },
  'h-published': {
    left: {
      created: { usage: 'SIGN_VERIFY', algorithm: 'ED25519' },
      deeds: [['publishJwks', { tokenLifetimeMinutes: 61 }]],
    },
    right: { created: { usage: 'SIGN_VERIFY', algorithm: 'ED25519' } },
  },
  'h-graph': { left: { created: { decryptableInGraph: true } }, right: {} },
  'h-used': { left: { deeds: times(12, encrypt) }, right: {} },
  'h-limit': { left: { encryptions: 2 ** 32 }, right: {} },
  'h-scheduled': { left: { deeds: [stop, destroy] }, right: { deeds: [stop] } },
  'h-destroyed': {
    left: { deeds: [stop, ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 0 }]] },
    right: {},
  },
  'h-import': {
    left: { created: { origin: 'EXTERNAL' }, deeds: [['getImportParameters', {}]] },
    right: { created: { preActivation: true } },
  },
  'h-edited': {
    left: { deeds: times(3, ['configureAutomaticRotation', { enabled: false }]) },
    right: {},
  },
  'h-mac': {
    left: { created: { algorithm: 'HMAC_SHA256' }, deeds: [['generateMac', { message: 'aGVsbG8=' }]] },
    right: { created: { algorithm: 'ML_KEM_768' }, deeds: [['encapsulate', {}]] },
  },
}
