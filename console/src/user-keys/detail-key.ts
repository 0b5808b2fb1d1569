import { graphql, type ResultOf } from '../graphql/graphql.ts'

/** Everything that the details show of a key, but for its lists. */
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
      defaultVersion {
        number
      }
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
      publicKey {
        pem
        jwk
        fingerprint
      }
    }
  }
`)

/** A key in its details. */
export type DetailKey = NonNullable<ResultOf<typeof userKeyQuery>['userKey']>

/** Which key to change, as it is shown: the server refuses if somebody else has changed it since. */
export const asShown = ({ id, revision }: Pick<DetailKey, 'id' | 'revision'>) => ({
  key: id,
  expectedRevision: revision,
})
