import { graphql } from '../graphql/graphql.ts'
import { userErrorFields } from '../graphql/user-error.ts'

/** Limits a key to its owner and a list. */
export const enableAccessControl = graphql(
  `
    mutation EnableAccessControl($input: EnableAccessControlInput!) {
      enableAccessControl(input: $input) {
        ... on EnableAccessControlPayload {
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

/** Opens a key to its project, and clears its list. */
export const disableAccessControl = graphql(
  `
    mutation DisableAccessControl($input: DisableAccessControlInput!) {
      disableAccessControl(input: $input) {
        ... on DisableAccessControlPayload {
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

/** Puts entries on the list of a key. */
export const addAllowedSubjects = graphql(
  `
    mutation AddAllowedSubjects($input: AddAllowedSubjectsInput!) {
      addAllowedSubjects(input: $input) {
        ... on AddAllowedSubjectsPayload {
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

/** Takes subjects from the list of a key. */
export const removeAllowedSubjects = graphql(
  `
    mutation RemoveAllowedSubjects($input: RemoveAllowedSubjectsInput!) {
      removeAllowedSubjects(input: $input) {
        ... on RemoveAllowedSubjectsPayload {
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

/** Gives a key to another owner. */
export const transferOwnership = graphql(
  `
    mutation TransferOwnership($input: TransferOwnershipInput!) {
      transferOwnership(input: $input) {
        ... on TransferOwnershipPayload {
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
