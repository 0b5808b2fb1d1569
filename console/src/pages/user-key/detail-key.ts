import { graphql, type ResultOf } from '../../api/graphql.ts'

/** Everything that the page shows of a key, but for its lists. */
export const userKeyQuery = graphql(`
  query UserKey($id: KeyRef!) {
    userKey(key: $id) {
      id
      partialId
      name
      description
      viewerCanAccess
      viewerPermissions
      deletable
      revision
      status
      type
      usage
      algorithm
      origin
      canProtect
      cannotProtectReason
      defaultVersion {
        id
        number
      }
      labels {
        name
        value
      }
      aliases
      decryptableInGraph
      automaticRotation {
        enabled
        cycleDays
      }
      lastRotatedAt
      nextRotationAt
      createdAt
      createdBy {
        id
      }
      updatedAt
      owner {
        id
      }
      accessControlEnabled
      accessList {
        subject {
          id
        }
        permissions
        context {
          name
          value
        }
        expiresAt
        expired
        note
      }
    }
  }
`)

/** A key on its page. */
export type DetailKey = NonNullable<ResultOf<typeof userKeyQuery>['userKey']>

/** Which key to change, as it is shown: the server refuses if somebody else has changed it since. */
export const asShown = ({ id, revision }: Pick<DetailKey, 'id' | 'revision'>) => ({
  key: id,
  expectedRevision: revision,
})
