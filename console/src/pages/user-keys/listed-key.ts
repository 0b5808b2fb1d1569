import { graphql, type ResultOf } from '../../api/graphql.ts'

/** One page of the list. How many match is another question, which takes longer. */
export const userKeyListQuery = graphql(`
  query UserKeyList(
    $first: Int
    $after: String
    $last: Int
    $before: String
    $filter: UserKeyFilter!
    $orderBy: UserKeyOrder!
  ) {
    userKeys(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      nodes {
        id
        partialId
        name
        description
        viewerCanAccess
        viewerPermissions
        deletable
        revision
        accessControlEnabled
        status
        canProtect
        cannotProtectReason
        type
        usage
        algorithm
        origin
        defaultVersion {
          id
          number
          lastUsedAt
        }
        automaticRotation {
          enabled
          cycleDays
        }
        lastRotatedAt
        nextRotationAt
        labels {
          name
          value
        }
        aliases
        owner {
          id
        }
        createdAt
        createdBy {
          id
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`)

/** A key in the list; what is hidden of it is null. */
export type ListedKey = NonNullable<ResultOf<typeof userKeyListQuery>['userKeys']>['nodes'][number]

/** How many keys match, by state. */
export const userKeyCountsQuery = graphql(`
  query UserKeyCounts($filter: UserKeyFilter!) {
    userKeyCounts(filter: $filter) {
      total
      redacted
      byStatus {
        status
        count
      }
    }
  }
`)

/** How many keys match, by state. */
export type KeyCounts = NonNullable<ResultOf<typeof userKeyCountsQuery>['userKeyCounts']>
