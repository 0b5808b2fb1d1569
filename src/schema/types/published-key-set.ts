import type { KeySetView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'

/** Where the public keys of a key are published. */
export const PublishedKeySet = builder.objectRef<KeySetView>('PublishedKeySet').implement({
  description:
    'The published public keys of a key, as a JWK Set (RFC 7517 §5) for those who verify its signatures. It needs no token.',
  fields: (t) => ({
    path: t.string({
      description:
        'Path of the set below the address of the server: `/jwks/`, 43 random characters, and `.json`. Whoever knows it can read the public keys, and nothing else.',
      resolve: ({ id }) => `/jwks/${id}.json`,
    }),
    jwsAlgorithm: t.string({
      nullable: true,
      description:
        '`alg` of its keys, if one was chosen. Keys that sign in one way alone have that one in any case.',
      resolve: ({ jwsAlgorithm }) => jwsAlgorithm,
    }),
    publishAheadHours: t.int({
      description: 'Hours for which the public key of a version is published before the version signs.',
      resolve: ({ publishAheadHours }) => publishAheadHours,
    }),
    tokenLifetimeMinutes: t.int({
      description:
        'Longest lifetime of what the key signs, in minutes. The public key of a version that was replaced stays published for so long.',
      resolve: ({ tokenLifetimeMinutes }) => tokenLifetimeMinutes,
    }),
    nextKeyId: t.string({
      nullable: true,
      description:
        '`kid` of the next version, which is published and does not sign yet. It becomes the ID of that version. Null until the system has made it.',
      resolve: ({ next }) => next?.id ?? null,
    }),
    nextSignsFrom: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'From when the key can be rotated: the next public key has then been published for `publishAheadHours`. Null like `nextKeyId`.',
      resolve: ({ next }) => next?.signsFrom ?? null,
    }),
  }),
})
