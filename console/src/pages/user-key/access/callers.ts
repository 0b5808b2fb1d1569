import { useMemo } from 'react'
import { graphql } from '../../../api/graphql.ts'
import { usePageQuery } from '../../../api/live.tsx'
import { callerFields, type VersionCaller } from '../../../keys/version-fields.ts'
import type { DetailKey } from '../detail-key.ts'

const callersOfKeyQuery = graphql(
  `
  query CallersOfKey($id: KeyRef!) {
    userKey(key: $id) {
      id
      versions(first: 20) {
        nodes {
          id
          usageByCaller(days: 30) {
            ...CallerFields
          }
        }
      }
    }
  }
`,
  [callerFields],
)

/** Who used the newest versions of the key in the last 30 days; nobody for viewers that may not know. */
export function useCallers(userKey: DetailKey): readonly VersionCaller[] {
  const mayKnow = userKey.viewerPermissions?.includes('READ_AUDIT') ?? false
  const variables = useMemo(() => ({ id: userKey.id }), [userKey.id])
  const [{ data }] = usePageQuery({ query: callersOfKeyQuery, variables, pause: !mayKnow })
  return useMemo(
    () =>
      (data?.userKey?.versions?.nodes ?? [])
        .flatMap(({ usageByCaller }) => usageByCaller ?? [])
        .filter(({ operations }) => operations > 0),
    [data],
  )
}
