import type { PageArguments } from '../../keys/reading/pages.ts'
import type { KeyView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { redactable } from '../redaction.ts'
import { pageArguments } from './connection.ts'
import { CannotProtectReason, KeyAlgorithm, KeyOrigin, KeyStatus, KeyType, KeyUsage } from './enums.ts'
import { KeyVersionConnection } from './key-version.ts'
import { Node, typeNameOf } from './node.ts'
import { Key, KeyVersion } from './refs.ts'

const AutomaticRotation = builder
  .objectRef<{ enabled: boolean; cycleDays: number }>('AutomaticRotation')
  .implement({
    description: 'Automatic rotation of a key by the system.',
    fields: (t) => ({
      enabled: t.boolean({
        description: 'True if automatic rotation is on.',
        resolve: ({ enabled }) => enabled,
      }),
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
    ...sharedFields(t, redactable),
  }),
})

/**
 * Fields of keys of both kinds, which are hidden when a user key is redacted.
 *
 * @param redaction options of fields: `redactable`, or `neverRedacted` for a type that is not
 */
export function sharedFields(
  t: PothosSchemaTypes.FieldBuilder<typeof builder.$inferSchemaTypes, KeyView>,
  redaction: typeof redactable,
) {
  const { hidden, hiddenBehind } = redaction
  return {
    status: t.field({ type: KeyStatus, ...hidden('State of the key.', (key) => key.status) }),
    type: t.field({ type: KeyType, ...hidden('Symmetric or asymmetric.', (key) => key.type) }),
    usage: t.field({ type: KeyUsage, ...hidden('Purpose of the key.', (key) => key.usage) }),
    algorithm: t.field({ type: KeyAlgorithm, ...hidden('Algorithm and size.', (key) => key.algorithm) }),
    origin: t.field({
      type: KeyOrigin,
      ...hidden('Origin of its key material.', (key) => key.origin),
    }),
    defaultVersion: t.field({
      type: KeyVersion,
      ...hidden(
        'The version that protects new data, whatever its state: the newest, unless it is DESTROYED; then there is none until the next rotation.',
        (key) => key.defaultVersion,
      ),
    }),
    canProtect: t.boolean(
      hiddenBehind(
        { value: false, description: 'False' },
        'True if the state of the key lets it protect new data with its default version. Needs no further read of the database, so that the limit of encryptions does not count: see `encryptionUsage` of the version.',
        (key) => key.cannotProtectReason === null,
      ),
    ),
    cannotProtectReason: t.field({
      type: CannotProtectReason,
      nullable: true,
      ...hiddenBehind(
        { value: 'NO_ACCESS', description: 'NO_ACCESS' },
        'Why the key cannot protect new data, and by the value what to do; null if it can.',
        (key) => key.cannotProtectReason,
      ),
    }),
    version: t.field({
      type: KeyVersion,
      args: { number: t.arg.int({ required: true, description: 'Number of the version, from 1.' }) },
      ...hidden(
        'One version by its number; null if there is none.',
        (key, { number }: { number: number }, { loaders }) => loaders.version.load({ key, number }),
      ),
    }),
    versions: t.field({
      type: KeyVersionConnection,
      args: pageArguments,
      ...hidden('The versions, newest first.', (key, page: PageArguments, { loaders }) =>
        loaders.versionPage.load({ item: key, args: page }),
      ),
    }),
    automaticRotation: t.field({
      type: AutomaticRotation,
      ...hidden('Automatic rotation.', (key) => key.automaticRotation),
    }),
    lastRotatedAt: t.field({
      type: 'DateTime',
      ...hidden(
        'When the newest version was made by a rotation; null before the first.',
        (key) => key.lastRotatedAt,
      ),
    }),
    nextRotationAt: t.field({
      type: 'DateTime',
      ...hidden(
        'When the system rotates the key next: the start of a day in the time zone of the server. A published key waits until `jwks.nextSignsFrom` if that is later. Null while automatic rotation is off or the default version is not ACTIVE.',
        (key) => key.nextRotationAt,
      ),
    }),
  }
}
