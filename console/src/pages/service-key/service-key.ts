import { graphql, type ResultOf } from '../../api/graphql.ts'

/** Everything that the page shows of a service key, but for its lists. */
export const serviceKeyQuery = graphql(`
  query ServiceKey($key: KeyRef!) {
    serviceKey(by: { key: $key }) {
      id
      name
      service
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
      automaticRotation {
        enabled
        cycleDays
      }
      lastRotatedAt
      nextRotationAt
      createdAt
    }
  }
`)

/** A service key on its page. */
export type DetailServiceKey = NonNullable<ResultOf<typeof serviceKeyQuery>['serviceKey']>
