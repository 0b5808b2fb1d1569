import { graphql, type ResultOf } from '../../../api/graphql.ts'
import { usageSeriesFields } from '../../../keys/usage/series.ts'
import { callerFields } from '../../../keys/version-fields.ts'

/** Use of a key over time, in up to three parts: a series of hours has at most 31 days. */
export const keyUseQuery = graphql(
  `
    query KeyUse(
      $filter: UsageSeriesFilter!
      $interval: UsageInterval!
      $from1: DateTime!
      $to1: DateTime!
      $from2: DateTime!
      $to2: DateTime!
      $from3: DateTime!
      $to3: DateTime!
      $isLong: Boolean!
    ) {
      part1: usageSeries(from: $from1, to: $to1, interval: $interval, filter: $filter) {
        ...UsageSeriesFields
      }
      part2: usageSeries(from: $from2, to: $to2, interval: $interval, filter: $filter) @include(if: $isLong) {
        ...UsageSeriesFields
      }
      part3: usageSeries(from: $from3, to: $to3, interval: $interval, filter: $filter) @include(if: $isLong) {
        ...UsageSeriesFields
      }
    }
  `,
  [usageSeriesFields],
)

/** The same of one version. What was denied counts for its key alone. */
export const versionUseQuery = graphql(
  `
    query VersionUse(
      $key: KeyRef!
      $version: Int!
      $interval: UsageInterval!
      $from1: DateTime!
      $to1: DateTime!
      $from2: DateTime!
      $to2: DateTime!
      $from3: DateTime!
      $to3: DateTime!
      $isLong: Boolean!
    ) {
      userKey(key: $key) {
        id
        version(number: $version) {
          id
          part1: usageSeries(from: $from1, to: $to1, interval: $interval) {
            ...UsageSeriesFields
          }
          part2: usageSeries(from: $from2, to: $to2, interval: $interval) @include(if: $isLong) {
            ...UsageSeriesFields
          }
          part3: usageSeries(from: $from3, to: $to3, interval: $interval) @include(if: $isLong) {
            ...UsageSeriesFields
          }
        }
      }
    }
  `,
  [usageSeriesFields],
)

/** The newest versions: when each was used last, and by whom, for those who may know. */
export const versionsInUseQuery = graphql(
  `
    query VersionsInUse($key: KeyRef!, $days: Int!, $withCallers: Boolean!) {
      userKey(key: $key) {
        id
        versions(first: 20) {
          nodes {
            id
            number
            versionStatus
            isDefault
            lastUsedAt
            encryptionUsage {
              encryptions
              remainingEncryptions
              nearLimit
            }
            usageByCaller(days: $days) @include(if: $withCallers) {
              ...CallerFields
            }
          }
          pageInfo {
            hasNextPage
          }
        }
      }
    }
  `,
  [callerFields],
)

/** A version with its use. */
export type VersionInUse = NonNullable<
  NonNullable<ResultOf<typeof versionsInUseQuery>['userKey']>['versions']
>['nodes'][number]
