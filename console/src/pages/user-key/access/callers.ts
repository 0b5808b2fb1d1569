import { useMemo } from 'react'
import { graphql } from '../../../api/graphql.ts'
import { usePageQuery } from '../../../api/live.tsx'
import type { DetailKey } from '../detail-key.ts'

const callersOfKeyQuery = graphql(`
  query CallersOfKey($id: KeyRef!) {
    userKey(key: $id) {
      id
      versions(first: 20) {
        nodes {
          id
          usageByCaller(days: 30) {
            caller {
              id
            }
            operations
            lastUsedAt
          }
        }
      }
    }
  }
`)

/** A caller that used the key in the last 30 days. */
export interface KeyCaller {
  readonly subject: string
  readonly operations: number
  readonly lastUsedAt: string
}

/** Who used the newest versions of the key in the last 30 days, most first; nobody for viewers that may not know. */
export function useCallers(userKey: DetailKey): readonly KeyCaller[] {
  const mayKnow = userKey.viewerPermissions?.includes('READ_AUDIT') ?? false
  const variables = useMemo(() => ({ id: userKey.id }), [userKey.id])
  const [{ data }] = usePageQuery({ query: callersOfKeyQuery, variables, pause: !mayKnow })
  return useMemo(() => {
    const uses = (data?.userKey?.versions?.nodes ?? []).flatMap(({ usageByCaller }) => usageByCaller ?? [])
    const callers = new Map<string, KeyCaller>()
    for (const { caller, operations, lastUsedAt } of uses) {
      if (lastUsedAt === null) continue
      const known = callers.get(caller.id)
      callers.set(caller.id, {
        subject: caller.id,
        operations: operations + (known?.operations ?? 0),
        lastUsedAt: known && known.lastUsedAt > lastUsedAt ? known.lastUsedAt : lastUsedAt,
      })
    }
    return [...callers.values()].toSorted((a, b) => b.operations - a.operations)
  }, [data])
}
