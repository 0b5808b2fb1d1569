import { graphql, type ResultOf } from '../graphql/graphql.ts'

/** What is shown of a version. */
export const versionFields = graphql(`
  fragment VersionFields on KeyVersion {
    id
    number
    versionStatus
    isDefault
    createdAt
    lastUsedAt
    destroyScheduledFor
    destroyedAt
    encryptionUsage {
      remainingEncryptions
    }
  }
`)

/** One version of a key, as the table shows it. */
export type Version = ResultOf<typeof versionFields>
