import { graphql, type ResultOf } from '../graphql/graphql.ts'

/** Which algorithms the server offers, and for what. */
export const keyAlgorithmsQuery = graphql(`
  query KeyAlgorithms {
    keyAlgorithms {
      algorithm
      displayName
      type
      usages
      description
    }
  }
`)

/** One algorithm that the server offers. */
export type AlgorithmInfo = NonNullable<ResultOf<typeof keyAlgorithmsQuery>['keyAlgorithms']>[number]
