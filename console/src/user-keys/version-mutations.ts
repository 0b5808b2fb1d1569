import { graphql } from '../graphql/graphql.ts'
import { userErrorFields } from '../graphql/user-error.ts'

/** Blocks all use of a version. */
export const deactivateKeyVersion = graphql(
  `
    mutation DeactivateKeyVersion($input: DeactivateKeyVersionInput!) {
      deactivateKeyVersion(input: $input) {
        ... on DeactivateKeyVersionPayload {
          version {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Takes a deactivation back. */
export const activateKeyVersion = graphql(
  `
    mutation ActivateKeyVersion($input: ActivateKeyVersionInput!) {
      activateKeyVersion(input: $input) {
        ... on ActivateKeyVersionPayload {
          version {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Takes back that a version will be destroyed. */
export const restoreKeyVersion = graphql(
  `
    mutation RestoreKeyVersion($input: RestoreKeyVersionInput!) {
      restoreKeyVersion(input: $input) {
        ... on RestoreKeyVersionPayload {
          version {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)
