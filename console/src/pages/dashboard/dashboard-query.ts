import { graphql, type ResultOf } from '../../api/graphql.ts'
import { usageSeriesFields } from '../../keys/usage/series.ts'

/**
 * Everything on the dashboard, in one request. A document may have 20 of the fields that count, so that there is one for
 * each family of algorithms and not for each algorithm.
 */
export const dashboardQuery = graphql(
  `
    query Dashboard(
      $today: DateTime!
      $soon: DateTime!
      $unusedSince: DateTime!
      $from: DateTime!
      $to: DateTime!
      $withTrail: Boolean!
      $aes: [KeyAlgorithm!]!
      $chacha: [KeyAlgorithm!]!
      $rsa: [KeyAlgorithm!]!
      $ec: [KeyAlgorithm!]!
      $edwards: [KeyAlgorithm!]!
      $montgomery: [KeyAlgorithm!]!
      $mldsa: [KeyAlgorithm!]!
      $mlkem: [KeyAlgorithm!]!
      $hmac: [KeyAlgorithm!]!
    ) {
      all: userKeyCounts {
        total
        redacted
        byStatus {
          status
          count
        }
      }
      overdue: userKeyCounts(filter: { nextRotationBefore: $today }) {
        total
      }
      rotations: userKeyCounts(filter: { nextRotationBefore: $soon }) {
        total
      }
      destructions: userKeyCounts(filter: { destructionScheduledBefore: $soon }) {
        total
      }
      neverUsed: userKeyCounts(filter: { neverUsed: true }) {
        total
      }
      unused: userKeyCounts(filter: { neverUsed: false, unusedSince: $unusedSince }) {
        total
      }
      blocked: userKeyCounts(filter: { status: [ACTIVE], canProtect: false }) {
        total
      }
      nearLimit: userKeyCounts(filter: { nearEncryptionLimit: true }) {
        total
      }
      aes: userKeyCounts(filter: { algorithm: $aes }) {
        total
      }
      chacha: userKeyCounts(filter: { algorithm: $chacha }) {
        total
      }
      rsa: userKeyCounts(filter: { algorithm: $rsa }) {
        total
      }
      ec: userKeyCounts(filter: { algorithm: $ec }) {
        total
      }
      edwards: userKeyCounts(filter: { algorithm: $edwards }) {
        total
      }
      montgomery: userKeyCounts(filter: { algorithm: $montgomery }) {
        total
      }
      mldsa: userKeyCounts(filter: { algorithm: $mldsa }) {
        total
      }
      mlkem: userKeyCounts(filter: { algorithm: $mlkem }) {
        total
      }
      hmac: userKeyCounts(filter: { algorithm: $hmac }) {
        total
      }
      serviceKeys(first: 0) {
        totalCount
      }
      usageSeries(from: $from, to: $to, interval: DAY) @include(if: $withTrail) {
        ...UsageSeriesFields
      }
      auditEvents(first: 8) @include(if: $withTrail) {
        nodes {
          id
          occurredAt
          action
          outcome
          actor {
            id
          }
          keyName
          liveKey {
            id
            name
          }
        }
      }
    }
  `,
  [usageSeriesFields],
)

/** What the dashboard shows. */
export type DashboardData = ResultOf<typeof dashboardQuery>

/** An event of the recent activity. */
export type RecentEvent = NonNullable<NonNullable<DashboardData['auditEvents']>['nodes']>[number]
