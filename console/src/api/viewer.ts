import { useQuery } from 'urql'
import { graphql, type ResultOf } from './graphql.ts'

const viewerQuery = graphql(`
  query Viewer {
    viewer {
      subject {
        id
      }
      displayName
      kind
      projectId
      roles
      boundRoles
      groups
      permissions
      tokenExpiresAt
    }
  }
`)

/** Who the caller is and what it may do. */
export type Viewer = NonNullable<ResultOf<typeof viewerQuery>['viewer']>

/** Asked for anew when roles are bound. */
const aboutRoles = { additionalTypenames: ['RoleBinding'] }

/** Who the caller is and what it may do; null while that is not known. */
export function useViewer(): Viewer | null {
  const [{ data }] = useQuery({ query: viewerQuery, context: aboutRoles })
  return data?.viewer ?? null
}
