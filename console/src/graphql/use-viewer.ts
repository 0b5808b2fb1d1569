import { useQuery } from 'urql'
import { graphql } from './graphql.ts'

const viewerQuery = graphql(`
  query Viewer {
    viewer {
      subject {
        id
      }
      projectId
      roles
      groups
      permissions
    }
  }
`)

/** Who the caller is and what it may do; null while that is not known. */
export function useViewer() {
  const [{ data }] = useQuery({ query: viewerQuery })
  return data?.viewer ?? null
}
