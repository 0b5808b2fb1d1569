import type { EnumOf } from '../../../api/graphql.ts'
import { graphql, type ResultOf } from '../../../api/graphql.ts'
import { canRotate } from '../../../keys/rotate-dialog.tsx'
import { callerFields } from '../../../keys/version-fields.ts'

/** What a change of many keys must know of them. Who used their versions is asked for only where it matters. */
export const selectedKeysQuery = graphql(
  `
    query SelectedKeys($ids: [ID!]!, $withUse: Boolean!) {
      nodes(ids: $ids) {
        ... on UserKey {
          id
          name
          status
          type
          origin
          revision
          viewerPermissions
          labels {
            name
          }
          defaultVersion {
            id
            number
            versionStatus
            lastUsedAt @include(if: $withUse)
            usageByCaller(days: 30) @include(if: $withUse) {
              ...CallerFields
            }
          }
        }
      }
    }
  `,
  [callerFields],
)

type SelectedNode = NonNullable<NonNullable<ResultOf<typeof selectedKeysQuery>['nodes']>[number]>

/** A key that was selected. */
export type SelectedKey = Extract<SelectedNode, { viewerPermissions: unknown }>

/** What can be done with many keys at once. */
export type BulkAction = 'rotate' | 'deactivate' | 'destroy' | 'label'

/** The most keys that one request changes. */
export const bulkMax = 100

/** True if the state of a key allows the change, and the viewer may do it. */
export function allows(action: BulkAction, key: SelectedKey): boolean {
  if (!key.viewerPermissions?.includes('MANAGE')) return false
  const needed: Partial<Record<BulkAction, EnumOf<'KeyVersionStatus'>>> = {
    deactivate: 'ACTIVE',
    destroy: 'DEACTIVATED',
  }
  if (action === 'rotate') return canRotate(key)
  return needed[action] === undefined || key.defaultVersion?.versionStatus === needed[action]
}
