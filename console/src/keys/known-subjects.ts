import { useMemo } from 'react'
import { useQuery } from 'urql'
import { graphql } from '../api/graphql.ts'
import { useViewer } from '../api/viewer.ts'

const subjectsOfKeysQuery = graphql(`
  query SubjectsOfKeys {
    userKeys(first: 50) {
      nodes {
        createdBy {
          id
        }
        owner {
          id
        }
        allowedSubjects {
          id
        }
      }
    }
  }
`)

const subjectsOfRolesQuery = graphql(`
  query SubjectsOfRoles {
    roleBindings(first: 100) {
      nodes {
        subject {
          id
        }
      }
    }
  }
`)

/**
 * Subjects that the viewer knows: itself, its groups, those of keys that it sees, and those with bound roles if it may
 * see these. Nothing is asked for until `isWanted`.
 */
export function useKnownSubjects(isWanted: boolean): readonly string[] {
  const viewer = useViewer()
  const mayReadRoles = viewer?.permissions.includes('MANAGE_ROLES') ?? false
  const [keys] = useQuery({ query: subjectsOfKeysQuery, pause: !isWanted })
  const [roles] = useQuery({ query: subjectsOfRolesQuery, pause: !isWanted || !mayReadRoles })
  return useMemo(() => {
    const own = viewer ? [viewer.subject.id, ...viewer.groups.map((group) => `group:${group}`)] : []
    const ofKeys = (keys.data?.userKeys?.nodes ?? []).flatMap(({ createdBy, owner, allowedSubjects }) =>
      [createdBy, owner, ...(allowedSubjects ?? [])].flatMap((subject) => subject?.id ?? []),
    )
    const ofRoles = (roles.data?.roleBindings?.nodes ?? []).map(({ subject }) => subject.id)
    return [...new Set([...own, ...[...ofKeys, ...ofRoles].toSorted()])]
  }, [viewer, keys.data, roles.data])
}
