import { graphql, type ResultOf } from '../../api/graphql.ts'

/** A page of the role bindings of the project. */
export const roleBindingsQuery = graphql(`
  query RoleBindings(
    $first: Int
    $after: String
    $last: Int
    $before: String
    $filter: RoleBindingFilter
  ) {
    roleBindings(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id
        subject {
          id
        }
        role
        expiresAt
        note
        createdBy {
          id
        }
        createdAt
      }
      totalCount
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`)

/** A role that a subject has beside those of its tokens. */
export type RoleBinding = NonNullable<ResultOf<typeof roleBindingsQuery>['roleBindings']>['nodes'][number]
