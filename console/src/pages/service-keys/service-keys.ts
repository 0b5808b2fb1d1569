import { type EnumOf, graphql, type ResultOf } from '../../api/graphql.ts'

/** A page of the list of service keys. */
export const serviceKeysQuery = graphql(`
  query ServiceKeys($filter: ServiceKeyFilter, $first: Int, $after: String, $last: Int, $before: String) {
    serviceKeys(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        partialId
        name
        service
        status
        type
        usage
        algorithm
        canProtect
        cannotProtectReason
        defaultVersion {
          id
          number
        }
        automaticRotation {
          enabled
          cycleDays
        }
        lastRotatedAt
        nextRotationAt
        createdAt
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
      totalCount
    }
  }
`)

/** A service key in the list. */
export type ListedServiceKey = NonNullable<ResultOf<typeof serviceKeysQuery>['serviceKeys']>['nodes'][number]

/** A state of a key. */
export type KeyStatus = EnumOf<'KeyStatus'>
