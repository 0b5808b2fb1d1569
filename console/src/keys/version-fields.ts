import { graphql, type ResultOf } from '../api/graphql.ts'

/** What is shown of a version. */
export const versionFields = graphql(`
  fragment VersionFields on KeyVersion {
    id
    number
    versionStatus
    isDefault
    materialOrigin
    createdAt
    activatedAt
    deactivatedAt
    destroyScheduledFor
    destroyedAt
    lastUsedAt
    encryptionUsage {
      encryptions
      remainingEncryptions
      nearLimit
    }
  }
`)

/** One version of a key, as its table shows it. */
export type Version = ResultOf<typeof versionFields>

/** Which callers used a version for what, and how often. */
export const callerFields = graphql(`
  fragment CallerFields on VersionCaller {
    caller {
      id
    }
    operation
    operations
    failedOperations
    lastUsedAt
  }
`)

/** What one caller did with a version by one operation. */
export type VersionCaller = ResultOf<typeof callerFields>
