import type { VersionCallerView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { Subject } from './subject.ts'

const descriptions: Record<VersionCallerView['operation'], string> = {
  ENCRYPT: 'Encrypted with the version.',
  DECRYPT: 'Decrypted with the version.',
  RE_ENCRYPT: 'Re-encrypted data of another version with the version.',
  RE_ENCRYPT_FROM: 'Decrypted data with the version, to encrypt it with another one.',
  GENERATE_DATA_KEY: 'Generated data keys, encrypted with the version.',
  GENERATE_DATA_KEY_PAIR: 'Generated key pairs, the private keys encrypted with the version.',
  SIGN: 'Signed with the version.',
  VERIFY: 'Verified signatures of the version.',
  GENERATE_MAC: 'Generated message authentication codes with the version.',
  VERIFY_MAC: 'Verified message authentication codes of the version.',
  ENCAPSULATE: 'Encapsulated shared secrets for the version.',
  DECAPSULATE: 'Decapsulated shared secrets with the version.',
  DERIVE_SHARED_SECRET: 'Derived secrets shared with a peer.',
  SERVICE_ENCRYPT: 'Encrypted, as the service of a service key.',
  SERVICE_DECRYPT: 'Decrypted, as the service of a service key.',
  SERVICE_GENERATE_DATA_KEY: 'Generated data keys, as the service of a service key.',
}

/** An operation that uses a version. */
export const VersionOperation = builder.enumType('VersionOperation', {
  description: 'Operation that used a version. A re-encryption counts for both of its versions.',
  values: Object.fromEntries(
    Object.entries(descriptions).map(([operation, description]) => [operation, { description }]),
  ) as Record<VersionCallerView['operation'], { description: string }>,
})

/** How often somebody used a version for an operation. */
export const VersionCaller = builder.objectRef<VersionCallerView>('VersionCaller').implement({
  description: 'Uses of a version by one caller for one operation.',
  fields: (t) => ({
    caller: t.field({ type: Subject, description: 'The caller.', resolve: ({ caller }) => caller }),
    operation: t.field({
      type: VersionOperation,
      description: 'The operation.',
      resolve: ({ operation }) => operation,
    }),
    operations: t.field({
      type: 'Count',
      description: 'Operations that succeeded.',
      resolve: ({ operations }) => operations,
    }),
    failedOperations: t.field({
      type: 'Count',
      description:
        'Operations that named the version and failed or were refused, for instance since it is deactivated.',
      resolve: ({ failedOperations }) => failedOperations,
    }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Last operation that succeeded; null if none did.',
      resolve: ({ lastUsedAt }) => lastUsedAt,
    }),
  }),
})
