import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'

/** Stops all use of a version, until it is activated again. */
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

/** Destroys a version at the end of a waiting period. */
export const destroyKeyVersion = graphql(
  `
    mutation DestroyKeyVersion($input: DestroyKeyVersionInput!) {
      destroyKeyVersion(input: $input) {
        ... on DestroyKeyVersionPayload {
          version {
            versionStatus
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
