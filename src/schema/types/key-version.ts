import { callersMax } from '../../keys/reading/destroy-impact.ts'
import { publicKey } from '../../keys/reading/nodes.ts'
import type { KeyVersionUsageView, KeyVersionView, KeyView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { defineConnection } from './connection.ts'
import { KeyOrigin, KeyVersionStatus } from './enums.ts'
import { Node } from './node.ts'
import { PublicKey } from './public-key.ts'
import { Key, KeyVersion } from './refs.ts'
import { seriesArguments, UsageSeries } from './usage-series.ts'
import { VersionCaller } from './version-caller.ts'

const KeyVersionUsage = builder.objectRef<KeyVersionUsageView>('KeyVersionUsage').implement({
  description: 'Encryptions of a version, if its algorithm limits them.',
  fields: (t) => ({
    encryptions: t.field({
      type: 'Count',
      description:
        'Encryptions by all servers. Never less than were made: servers set them aside in blocks of up to 65,536.',
      resolve: ({ encryptions }) => encryptions ?? 0,
    }),
    remainingEncryptions: t.field({
      type: 'Count',
      description:
        'Encryptions that are left of 2^32, the most that are safe with random 96-bit nonces (NIST SP 800-38D §8.3). Rotate the key well before it is 0: then the version refuses to encrypt.',
      resolve: ({ remainingEncryptions }) => remainingEncryptions ?? 0,
    }),
    nearLimit: t.boolean({
      description: 'True from 80 % of the limit on: rotate the key.',
      resolve: ({ nearLimit }) => nearLimit,
    }),
  }),
})

/** Days that `usageByCaller` counts unless asked otherwise. */
const usageDays = 30

KeyVersion.implement({
  description: 'One piece of key material of a key. The material itself never leaves the server.',
  interfaces: [Node],
  // A version exists for callers with the whole view of its key; `keys` gives it to no one else.
  authScopes: (version) => ({ wholeVersion: version }),
  isTypeOf: (view) => (view as KeyVersionView).kind === 'VERSION',
  fields: (t) => ({
    number: t.int({
      description: 'From 1 on, in the order of generation; never used twice.',
      resolve: ({ number }) => number,
    }),
    versionStatus: t.field({
      type: KeyVersionStatus,
      description: 'State of the version.',
      resolve: ({ status }) => status,
    }),
    isDefault: t.boolean({
      description: 'True if it protects new data: it is the newest version and not destroyed.',
      resolve: ({ isDefault }) => isDefault,
    }),
    materialOrigin: t.field({
      type: KeyOrigin,
      description: 'Origin of its material.',
      resolve: ({ origin }) => origin,
    }),
    key: t.field({
      type: Key,
      description: 'The key that it belongs to.',
      async resolve({ keyId }, _args, { loaders }) {
        const key = await loaders.node.load(keyId)
        if (key?.kind !== 'USER' && key?.kind !== 'SERVICE')
          throw new TypeError('the key of a version is there')
        return key satisfies KeyView
      },
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was generated.',
      resolve: ({ createdAt }) => createdAt,
    }),
    activatedAt: t.field({
      type: 'DateTime',
      description: 'When it last became ACTIVE.',
      resolve: ({ activatedAt }) => activatedAt,
    }),
    deactivatedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is not ACTIVE; null while it is.',
      resolve: ({ deactivatedAt }) => deactivatedAt,
    }),
    destroyScheduledFor: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it will be destroyed; null unless it is DESTROY_SCHEDULED.',
      resolve: ({ destroyScheduledFor }) => destroyScheduledFor,
    }),
    destroyedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was destroyed; null before.',
      resolve: ({ destroyedAt }) => destroyedAt,
    }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the version last carried out an operation, to within half a minute (the interval of housekeeping); null if never.',
      resolve: async (version, _args, { loaders }) => (await loaders.usage.load(version)).lastUsedAt,
    }),
    encryptionUsage: t.field({
      type: KeyVersionUsage,
      nullable: true,
      description: 'Use of its limit of encryptions; null if there is no practical limit.',
      async resolve(version, _args, { loaders }) {
        const usage = await loaders.usage.load(version)
        return usage.encryptions === null ? null : usage
      },
    }),
    usageByCaller: t.field({
      type: [VersionCaller],
      nullable: true,
      ...listOptions(
        callersMax,
        'Callers and their operations with the version, most used first.',
        'Null for callers without the permission READ_AUDIT.',
      ),
      authScopes: (version) => ({ auditedVersion: version }),
      unauthorizedResolver: () => null,
      args: {
        days: t.arg.int({
          defaultValue: usageDays,
          description: 'Counted from today (UTC) and this many days before: 1 to 366.',
        }),
      },
      async resolve(version, { days }, { loaders }) {
        // Many clients send null for what their caller did not give.
        const callers = await loaders.versionCallers.load({ item: version, args: days ?? usageDays })
        return callers === null ? null : [...callers]
      },
    }),
    usageSeries: t.field({
      type: UsageSeries,
      nullable: true,
      description:
        'Operations that named the version, by hour or day; null for callers without the permission READ_AUDIT. The permission is that of `usageByCaller`, although no caller is named: refused attempts are on record in the audit trail alone.',
      authScopes: (version) => ({ auditedVersion: version }),
      unauthorizedResolver: () => null,
      args: seriesArguments,
      resolve: (version, range, { loaders }) => loaders.usageSeries.load({ item: version, args: range }),
    }),
    publicKey: t.field({
      type: PublicKey,
      nullable: true,
      description: 'Its public key; null for symmetric keys.',
      resolve: (version) => publicKey(version),
    }),
  }),
})

/** Input that names a version of a user key. */
export const KeyVersionRef = builder.inputType('KeyVersionRef', {
  description: 'One version of a user key: either `id`, or `key` and `number`.',
  fields: (t) => ({
    id: t.id({ description: 'ID of the version: `kver_…`.' }),
    key: t.field({ type: 'KeyRef', description: 'The key: its ID, name or alias.' }),
    number: t.int({ description: 'Number of the version, from 1.' }),
  }),
})

/** Pages of versions. */
export const KeyVersionConnection = defineConnection('KeyVersion', KeyVersion)
