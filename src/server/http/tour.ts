/** One tab of GraphiQL. */
export interface TourTab {
  readonly persona: string
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Placeholder in variables that the page replaces by the ID of the last key of the tour. */
const lastKeyId = 'LAST_KEY_ID'
/** Placeholder for the last ciphertext. */
const lastCiphertext = 'LAST_CIPHERTEXT'
/** Placeholder in the headers of a tab for a token of a persona. */
export const tokenOf = (persona: string): string => `TOKEN_OF_${persona.toUpperCase()}`

const greeting = 'Hello, Keystead!'
const plaintext = Buffer.from(greeting).toString('base64')

/** Tour of the main operations, tab by tab. Lines of at most 50 characters fit small screens. */
export const tour: readonly TourTab[] = [
  {
    persona: 'member',
    query: `# 1. Who am I? Press the play button, then go on
#    to the next tab.
#    See "Headers" below: TOKEN_OF_MEMBER stands
#    for a token of Max, a member of the project
#    "demo". TOKEN_OF_ADMIN, TOKEN_OF_OUTSIDER and
#    TOKEN_OF_AGENT work, too.
query WhoAmI {
  viewer {
    subject { id kind }
    projectId
    roles
    permissions
  }
}
`,
    variables: {},
  },
  {
    persona: 'member',
    query: `# 2. Create a key that only its owner and the
#    group "payments" may see and use.
#    Each name can be used once: to create another
#    key, change it in "Variables" below.
mutation CreateKey($input: CreateUserKeyInput!) {
  createUserKey(input: $input) {
    ... on CreateUserKeyPayload {
      userKey {
        id
        name
        status
        algorithm
        defaultVersion { number versionStatus }
        automaticRotation { enabled cycleDays }
        nextRotationAt
        allowedSubjects { id }
      }
    }
    ... on UserError { code message }
  }
}
`,
    variables: {
      input: {
        name: 'orders',
        description: 'Card numbers of orders',
        automaticRotation: { enabled: true, cycleDays: 90 },
        accessControl: { enabled: true, allowedSubjects: ['group:payments'] },
      },
    },
  },
  {
    persona: 'member',
    query: `# 3. Encrypt. The key never leaves the server.
#    Bytes are base64: "${plaintext}"
#    says "${greeting}".
#    ${lastKeyId} stands for the key of the tab
#    before; this page puts its ID in.
mutation Encrypt($input: EncryptInput!) {
  encrypt(input: $input) {
    ... on EncryptPayload {
      ciphertext
      keyId
      versionNumber
    }
    ... on UserError { code message }
  }
}
`,
    variables: { input: { key: lastKeyId, plaintext } },
  },
  {
    persona: 'member',
    query: `# 4. Rotate: a new version protects new data from
#    now on.
mutation Rotate($input: RotateUserKeyInput!) {
  rotateUserKey(input: $input) {
    ... on RotateUserKeyPayload {
      version { number versionStatus isDefault }
      userKey {
        versions {
          nodes { number versionStatus }
        }
      }
    }
    ... on UserError { code message }
  }
}
`,
    variables: { input: { key: lastKeyId } },
  },
  {
    persona: 'member',
    query: `# 5. Decrypt what version 1 encrypted: older
#    versions stay. ${lastCiphertext} stands for
#    the ciphertext of tab 3.
mutation Decrypt($input: DecryptInput!) {
  decrypt(input: $input) {
    ... on DecryptPayload {
      plaintext
      keyId
      versionNumber
    }
    ... on UserError { code message }
  }
}
`,
    variables: { input: { ciphertext: lastCiphertext } },
  },
  {
    persona: 'outsider',
    query: `# 6. The same keys as someone who may not see
#    them: Olga is a member too, but not on the
#    key's list. What she may not see is null.
query ListAsOutsider {
  userKeys(first: 10) {
    totalCount
    nodes {
      id
      partialId
      name
      description
      viewerCanAccess
      status
      algorithm
      defaultVersion { number }
    }
  }
}
`,
    variables: {},
  },
]
