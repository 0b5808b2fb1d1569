import { useQuery } from 'urql'
import { graphql } from '../graphql/graphql.ts'
import { sentence } from '../words.ts'

const destroyImpactQuery = graphql(`
  query DestroyImpact($versionId: ID!) {
    destroyImpact(version: { id: $versionId }) {
      verdict
      summary
      callers {
        caller {
          id
        }
        operation
        operations
        failedOperations
      }
    }
  }
`)

const goodVerdicts: ReadonlySet<string> = new Set(['NEVER_USED', 'SAFE_UNUSED'])

/** Who would miss a version if it were destroyed, as of now. */
export function DestroyImpact({ versionId }: { readonly versionId: string }) {
  const [{ data, fetching }] = useQuery({
    query: destroyImpactQuery,
    variables: { versionId },
    requestPolicy: 'network-only',
  })
  const impact = data?.destroyImpact
  if (!impact) return <p role="status">{fetching && 'Looking who uses this version…'}</p>
  return (
    <div className={goodVerdicts.has(impact.verdict) ? 'notice good' : 'notice waiting'} role="status">
      <p>
        <strong>{sentence(impact.verdict)}.</strong> {impact.summary}
      </p>
      {impact.callers && impact.callers.length > 0 && (
        <ul>
          {impact.callers.map(({ caller, operation, operations, failedOperations }) => (
            <li key={`${caller.id} ${operation}`}>
              {caller.id}: {sentence(operation)}, {operations} done, {failedOperations} failed
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
