import { builder } from '../builder.ts'
import { hiddenWhenRedacted, ofWhole } from '../redaction.ts'
import { pageArguments } from './connection.ts'
import { KeyAlgorithm, KeyOrigin, KeyStatus, KeyType, KeyUsage } from './enums.ts'
import { KeyVersionConnection } from './key-version.ts'
import { Node, typeNameOf } from './node.ts'
import { Key, KeyVersion } from './refs.ts'

const AutomaticRotation = builder
  .objectRef<{ enabled: boolean; cycleDays: number }>('AutomaticRotation')
  .implement({
    description: 'Whether and how often the system rotates a key by itself.',
    fields: (t) => ({
      enabled: t.boolean({ description: 'Whether it does.', resolve: ({ enabled }) => enabled }),
      cycleDays: t.int({
        description: 'Days from one rotation to the next, 1 to 1,095.',
        resolve: ({ cycleDays }) => cycleDays,
      }),
    }),
  })

Key.implement({
  description: 'A key: created by a user, or by the system for a service.',
  interfaces: [Node],
  resolveType: (view) => typeNameOf(view),
  fields: (t) => ({
    partialId: t.string({
      description: 'Prefix and last six characters of the ID, for people to recognise a key. Not unique.',
      resolve: ({ partialId }) => partialId,
    }),
    name: t.string({
      description: 'Unique among the live keys of the project; compared by bytes.',
      resolve: ({ name }) => name,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the key was created.',
      resolve: ({ createdAt }) => createdAt,
    }),
    status: t.field({
      type: KeyStatus,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'State of the key. Null when redacted.',
      resolve: ofWhole((key) => key.status),
    }),
    type: t.field({
      type: KeyType,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'Symmetric or asymmetric. Null when redacted.',
      resolve: ofWhole((key) => key.type),
    }),
    usage: t.field({
      type: KeyUsage,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'What the key is for. Null when redacted.',
      resolve: ofWhole((key) => key.usage),
    }),
    algorithm: t.field({
      type: KeyAlgorithm,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'Algorithm and size. Null when redacted.',
      resolve: ofWhole((key) => key.algorithm),
    }),
    origin: t.field({
      type: KeyOrigin,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'Where the material of its versions comes from. Null when redacted.',
      resolve: ofWhole((key) => key.origin),
    }),
    defaultVersion: t.field({
      type: KeyVersion,
      nullable: true,
      ...hiddenWhenRedacted,
      description:
        'The version that protects new data, whatever its state: the newest, unless it is DESTROYED; then there is none until the next rotation. Null when redacted.',
      resolve: ofWhole((key) => key.defaultVersion),
    }),
    version: t.field({
      type: KeyVersion,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'One version by its number; null if there is none. Null when redacted.',
      args: { number: t.arg.int({ required: true, description: 'Number of the version, from 1.' }) },
      resolve: (key, { number }, { loaders }) =>
        key.access === 'full' ? loaders.version.load({ key, number }) : null,
    }),
    versions: t.field({
      type: KeyVersionConnection,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'The versions, newest first. Null when redacted.',
      args: pageArguments,
      resolve: (key, page, { loaders }) =>
        key.access === 'full' ? loaders.versionPage.load({ item: key, args: page }) : null,
    }),
    automaticRotation: t.field({
      type: AutomaticRotation,
      nullable: true,
      ...hiddenWhenRedacted,
      description: 'Automatic rotation. Null when redacted.',
      resolve: ofWhole((key) => key.automaticRotation),
    }),
    lastRotatedAt: t.field({
      type: 'DateTime',
      nullable: true,
      ...hiddenWhenRedacted,
      description:
        'When the newest version was made by a rotation; null before the first. Null when redacted.',
      resolve: ofWhole((key) => key.lastRotatedAt),
    }),
    nextRotationAt: t.field({
      type: 'DateTime',
      nullable: true,
      ...hiddenWhenRedacted,
      description:
        'When the system rotates the key next: the start of a day in the time zone of the server. Null while automatic rotation is off or the default version is not ACTIVE. Null when redacted.',
      resolve: ofWhole((key) => key.nextRotationAt),
    }),
  }),
})
