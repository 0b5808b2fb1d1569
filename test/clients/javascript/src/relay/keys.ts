import { graphql } from 'relay-runtime'

// Read by relay-compiler alone: src/relay.ts runs what it makes of these.

export const row = graphql`
  fragment keys_row on UserKey {
    id
    name
    status
    algorithm
    description
    viewerCanAccess
    aliases
    defaultVersion {
      id
      number
    }
  }
`

export const page = graphql`
  query keysPageQuery($first: Int!, $after: String, $filter: UserKeyFilter) {
    userKeys(first: $first, after: $after, filter: $filter, orderBy: { field: NAME, direction: ASC })
      @connection(key: "keys_userKeys", filters: ["filter"]) {
      edges {
        node {
          name
          ...keys_row @relay(mask: false)
        }
      }
    }
  }
`

export const byId = graphql`
  query keysByIdQuery($id: ID!) {
    node(id: $id) {
      id
      ... on UserKey @alias(as: "key") {
        ...keys_row @relay(mask: false)
      }
    }
  }
`

export const changes = graphql`
  subscription keysChangedSubscription {
    userKeysChanged {
      listAgain
      goneKeyIds
      changedKeys {
        ...keys_row @relay(mask: false)
      }
    }
  }
`

export const update = graphql`
  mutation keysUpdateMutation($input: UpdateUserKeyInput!) {
    updateUserKey(input: $input) {
      __typename
      ... on UserKeyChange {
        userKey {
          ...keys_row @relay(mask: false)
        }
      }
      ... on UserError {
        code
        message
      }
      ... on ConflictError {
        currentRevision
      }
    }
  }
`

export const encrypt = graphql`
  mutation keysEncryptMutation($input: EncryptInput!) {
    encrypt(input: $input) {
      __typename
      ... on EncryptPayload {
        ciphertext
      }
      ... on UserError {
        code
        message
      }
    }
  }
`
