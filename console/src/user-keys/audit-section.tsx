import { useQuery } from 'urql'
import { Pager } from '../components/pager.tsx'
import { Section } from '../components/section.tsx'
import { aboutKeys } from '../graphql/create-client.ts'
import { graphql } from '../graphql/graphql.ts'
import { usePages } from '../graphql/use-pages.ts'
import { formatMoment, sentence } from '../words.ts'

const auditEventsQuery = graphql(`
  query KeyAuditEvents($keyId: KeyRef!, $first: Int, $after: String, $last: Int, $before: String) {
    userKey(key: $keyId) {
      auditEvents(first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          occurredAt
          action
          outcome
          errorCode
          actor {
            id
          }
          versionNumber
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`)

/** What happened with the key, newest first. */
export function AuditSection({ keyId }: { readonly keyId: string }) {
  const pages = usePages(10)
  const [{ data }] = useQuery({
    query: auditEventsQuery,
    variables: { keyId, ...pages.page },
    context: aboutKeys,
  })
  const events = data?.userKey?.auditEvents
  return (
    <Section title="Audit events">
      {events && (
        <>
          <table className="cards">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">Version</th>
                <th scope="col">Who</th>
                <th scope="col">Outcome</th>
              </tr>
            </thead>
            <tbody>
              {events.nodes.map(({ id, occurredAt, action, versionNumber, actor, outcome, errorCode }) => (
                <tr key={id}>
                  <th scope="row" data-label="When">
                    {formatMoment(occurredAt)}
                  </th>
                  <td data-label="What">{sentence(action)}</td>
                  <td data-label="Version">{versionNumber ?? '–'}</td>
                  <td data-label="Who">{actor.id}</td>
                  <td data-label="Outcome">
                    {sentence(outcome)}
                    {errorCode && <code className="block">{errorCode}</code>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <Pager label="Pages of audit events" info={events.pageInfo} pages={pages} />
        </>
      )}
    </Section>
  )
}
