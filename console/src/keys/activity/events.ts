import { graphql, type ResultOf } from '../../api/graphql.ts'

/** What is shown and exported of an event. */
export const activityEventFields = graphql(`
  fragment ActivityEvent on AuditEvent {
    id
    occurredAt
    action
    outcome
    errorCode
    actor {
      id
    }
    actorDisplayName
    tokenId
    clientAddress
    requestId
    keyId
    keyName
    liveKey {
      id
      name
    }
    keyRevision
    versionNumbers
    context {
      name
      value
    }
    sourceContext {
      name
      value
    }
    details
  }
`)

/** A page of the trail. */
export const activityQuery = graphql(
  `
    query Activity($filter: AuditEventFilter, $first: Int, $after: String, $last: Int, $before: String) {
      auditEvents(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          ...ActivityEvent
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  `,
  [activityEventFields],
)

/** An event of the trail. */
export type ActivityEvent = ResultOf<typeof activityEventFields>
