import type { KeyAlgorithmView } from '../../keys/reading/algorithms.ts'
import { keyAlgorithms, offeredAlgorithms } from '../../keys/reading/algorithms.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { EncryptionAlgorithm, KeyAlgorithm, KeyType, KeyUsage, SigningAlgorithm } from '../types/enums.ts'

const KeyAlgorithmInfo = builder.objectRef<KeyAlgorithmView>('KeyAlgorithmInfo').implement({
  description: 'One algorithm that new keys can have, with all that a form for creating keys needs.',
  fields: (t) => ({
    algorithm: t.field({
      type: KeyAlgorithm,
      description: 'Its name in this API.',
      resolve: ({ algorithm }) => algorithm,
    }),
    displayName: t.string({
      description: 'Its name for people, e.g. `AES-256`.',
      resolve: ({ displayName }) => displayName,
    }),
    type: t.field({ type: KeyType, description: 'Symmetric or asymmetric.', resolve: ({ type }) => type }),
    usages: t.field({
      type: [KeyUsage],
      ...listOptions('ONE_FOR_EACH_VALUE', 'The usages that a key of it can have; it has one of them.'),
      resolve: ({ usages }) => [...usages],
    }),
    securityBits: t.int({
      description: 'Security strength in bits (NIST SP 800-57 Part 1, table 2).',
      resolve: ({ securityBits }) => securityBits,
    }),
    standard: t.string({ description: 'The standard that defines it.', resolve: ({ standard }) => standard }),
    description: t.string({
      description: 'One sentence about it.',
      resolve: ({ description }) => description,
    }),
    signingAlgorithms: t.field({
      type: [SigningAlgorithm],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Its signature schemes, the default first; empty if it cannot sign.',
      ),
      resolve: ({ signingAlgorithms }) => [...signingAlgorithms],
    }),
    encryptionAlgorithms: t.field({
      type: [EncryptionAlgorithm],
      ...listOptions(
        'ONE_FOR_EACH_VALUE',
        'Its paddings, the default first; empty unless it encrypts with a public key.',
      ),
      resolve: ({ encryptionAlgorithms }) => [...encryptionAlgorithms],
    }),
  }),
})

builder.queryField('keyAlgorithms', (t) =>
  t.field({
    type: [KeyAlgorithmInfo],
    nullable: true,
    ...listOptions(offeredAlgorithms.length, 'The algorithms that new keys can have on this server.'),
    authScopes: { permission: 'VIEW' },
    args: {
      usage: t.arg({ type: KeyUsage, description: 'Only those with this usage.' }),
      type: t.arg({ type: KeyType, description: 'Only those of this type.' }),
    },
    resolve: (_root, filter, { parts, call }) => keyAlgorithms(parts, call, filter),
  }),
)
