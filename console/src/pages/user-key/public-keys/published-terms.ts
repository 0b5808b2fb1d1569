import { graphql, type ResultOf } from '../../../api/graphql.ts'

/** The set of a key, and the versions that may be in it. */
export const publishedSetQuery = graphql(`
  query PublishedSet($id: KeyRef!) {
    userKey(key: $id) {
      id
      jwks {
        path
        jwsAlgorithm
        publishAheadHours
        tokenLifetimeMinutes
        nextKeyId
        nextSignsFrom
      }
      versions(first: 20) {
        nodes {
          id
          number
          versionStatus
          isDefault
          createdAt
        }
      }
    }
  }
`)

type SetOfKey = NonNullable<ResultOf<typeof publishedSetQuery>['userKey']>

/** Where the public keys of a key are published, and on which terms. */
export type PublishedTerms = NonNullable<SetOfKey['jwks']>

/** A version that may be in the set. */
export type SetVersion = NonNullable<SetOfKey['versions']>['nodes'][number]

/** Address of a set: the console is at the address of its server. */
export const addressOf = ({ path }: PublishedTerms) => `${location.origin}${path}`
