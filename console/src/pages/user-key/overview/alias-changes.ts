import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'

/** Gives a key another name. */
export const createAlias = graphql(
  `
    mutation CreateAlias($input: CreateAliasInput!) {
      createAlias(input: $input) {
        ... on CreateAliasPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Lets an alias stand for another key. */
export const repointAlias = graphql(
  `
    mutation RepointAlias($input: RepointAliasInput!) {
      repointAlias(input: $input) {
        ... on RepointAliasPayload {
          userKey {
            name
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Takes an alias away. */
export const deleteAlias = graphql(
  `
    mutation DeleteAlias($input: DeleteAliasInput!) {
      deleteAlias(input: $input) {
        ... on DeleteAliasPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)
