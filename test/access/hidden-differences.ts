/** What an owner does with a key: the name of a mutation and its input, but for the ID of the key. */
export type Deed = readonly [mutation: string, input: object]

/** How a key was created and what was done with it then. */
export interface HiddenLife {
  readonly created?: object
  readonly deeds?: readonly Deed[]
  /** By the operator. */
  readonly newOwner?: string
}

const times = (count: number, deed: Deed): Deed[] => Array.from({ length: count }, () => deed)
const encrypt: Deed = ['encrypt', { plaintext: 'aGVsbG8=' }]
const sign: Deed = ['sign', { message: 'aGVsbG8=' }]
const stop: Deed = ['deactivateKeyVersion', { version: 1 }]
const destroy: Deed = ['destroyKeyVersion', { version: 1, waitingPeriodDays: 30 }]
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
  'h-owner': { left: { newOwner: 'user:secret-heir' }, right: {} },
  'h-list': {
    left: { deeds: [['addAllowedSubjects', { subjects: ['user:secret-friend', 'group:secret-circle'] }]] },
    right: { deeds: [['removeAllowedSubjects', { subjects: ['user:nobody-at-all'] }]] },
  },
  'h-used': { left: { deeds: times(12, encrypt) }, right: {} },
  'h-scheduled': { left: { deeds: [stop, destroy] }, right: { deeds: [stop] } },
  'h-destroyed': {
    left: { deeds: [stop, ['destroyKeyVersion', { version: 1, waitingPeriodDays: 0 }]] },
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
