import { callersMax, destroyImpact } from '../../keys/reading/destroy-impact.ts'
import type { DestroyImpactView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { KeyVersionRef } from '../types/key-version.ts'
import { KeyVersion } from '../types/refs.ts'
import { VersionCaller } from '../types/version-caller.ts'

const DestroyVerdict = builder.enumType('DestroyVerdict', {
  description:
    'Verdict on destroying a version, by its use. Data that is read less often than every 30 days, such as backups and archives, does not show.',
  values: {
    IN_USE: { description: 'Operations used the version in the last 30 days.' },
    STILL_ATTEMPTED: {
      description: 'No operation succeeded, but a caller still tries: the version is already missed.',
    },
    NEVER_USED: {
      description:
        'No operation has used the version since it was made: there are records of its whole life.',
    },
    SAFE_UNUSED: { description: 'No operation used or tried to use the version in the last 30 days.' },
    RECORDS_TOO_SHORT: {
      description:
        'No operation used the version, but there are records neither of the whole 30 days nor of its whole life.',
    },
    ALREADY_DESTROYED: { description: 'The version is already destroyed.' },
  } as const,
})

const DestroyImpact = builder.objectRef<DestroyImpactView>('DestroyImpact').implement({
  description: 'Impact of destroying a version, by its use in the last 30 days.',
  // `keys` gives it to no one else; this is the second lock.
  authScopes: ({ version }) => ({ managedVersion: version }),
  fields: (t) => ({
    version: t.field({
      type: KeyVersion,
      description: 'The version.',
      resolve: ({ version }) => version,
    }),
    verdict: t.field({
      type: DestroyVerdict,
      description: 'The verdict.',
      resolve: ({ verdict }) => verdict,
    }),
    summary: t.string({
      description:
        'The verdict in a sentence for people, e.g. `user:alice decrypted with it 12 times, last 2 hours ago.` Names callers to readers of the audit trail only.',
      resolve: ({ summary }) => summary,
    }),
    since: t.field({
      type: 'DateTime',
      description: 'Uses are counted from here on: whole days in UTC, today and the 30 days before.',
      resolve: ({ since }) => since,
    }),
    recordsSince: t.field({
      type: 'DateTime',
      description:
        'Since when uses are on record: the creation of the version, or the start of the records if that was later.',
      resolve: ({ recordsSince }) => recordsSince,
    }),
    operations: t.field({
      type: 'Count',
      description: 'Operations of all callers that succeeded.',
      resolve: ({ operations }) => operations,
    }),
    failedOperations: t.field({
      type: 'Count',
      description: 'Operations of all callers that failed or were refused.',
      resolve: ({ failedOperations }) => failedOperations,
    }),
    callers: t.field({
      type: [VersionCaller],
      nullable: true,
      ...listOptions(
        callersMax,
        'Callers and their operations with the version, most used first.',
        'Null for callers without the permission READ_AUDIT.',
      ),
      authScopes: ({ version }) => ({ auditedVersion: version }),
      unauthorizedResolver: () => null,
      resolve: ({ callers }) => (callers === null ? null : [...callers]),
    }),
  }),
})

builder.queryField('destroyImpact', (t) =>
  t.field({
    type: DestroyImpact,
    nullable: true,
    description:
      'Impact of destroying a version. Only for callers that may manage its key; null if the caller sees no such version.',
    authScopes: { permission: 'VIEW' },
    args: { version: t.arg({ type: KeyVersionRef, required: true, description: 'The version.' }) },
    resolve: (_root, { version }, { parts, call }) => destroyImpact(parts, call, version),
  }),
)
