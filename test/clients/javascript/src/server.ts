import { createClient } from 'graphql-sse'

/** Where the server listens, and the tokens of its callers, as the test passes them. */
export const api = `${given('KEYSTEAD_URL')}/graphql`
export const tokens = {
  /** Owns the keys. */
  owner: given('OWNER_TOKEN'),
  /** Is on no access list. */
  reader: given('READER_TOKEN'),
  /** Has no role. */
  stranger: given('STRANGER_TOKEN'),
}

/** What only callers with access to a key may read. */
export interface HiddenValues {
  readonly keyId: string
  readonly versionId: string
  readonly alias: string
}

function given(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

/** Headers of a caller. */
export function headersOf(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

/** Subscriptions over server-sent events with POST, one connection for each. */
export function sseClientOf(token: string) {
  return createClient({ url: api, headers: headersOf(token), retryAttempts: 0 })
}

/** Sends a document beside the client under test. */
export async function send<Data>(token: string, query: string, variables: object = {}): Promise<Data> {
  const response = await fetch(api, {
    method: 'POST',
    headers: { ...headersOf(token), 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown }
  if (errors !== undefined) throw new Error(JSON.stringify(errors))
  return data
}

/** Creates five keys whose names begin with a prefix; the first one has an alias. */
export async function createKeys(prefix: string): Promise<HiddenValues> {
  const document = `mutation Create($input: CreateUserKeyInput!) {
    createUserKey(input: $input) { ... on UserKeyChange { userKey { id defaultVersion { id } } } }
  }`
  type Created = { createUserKey: { userKey: { id: string; defaultVersion: { id: string } } } }
  const keys: Created[] = []
  for (const number of [1, 2, 3, 4, 5]) {
    keys.push(await send<Created>(tokens.owner, document, { input: { name: `${prefix}-${number}` } }))
  }
  const first = keys[0]?.createUserKey.userKey
  if (first === undefined) throw new Error('no key was created')
  const alias = `hidden-${prefix}`
  const { createAlias } = await send<{ createAlias: { __typename: string } }>(
    tokens.owner,
    `mutation($input: CreateAliasInput!) { createAlias(input: $input) { __typename } }`,
    { input: { key: first.id, alias } },
  )
  if (createAlias.__typename !== 'CreateAliasPayload') throw new Error(createAlias.__typename)
  return { keyId: first.id, versionId: first.defaultVersion.id, alias }
}

/** Closes a key to everybody but its owner. */
export async function redact(keyId: string): Promise<void> {
  const { enableAccessControl } = await send<{ enableAccessControl: { __typename: string } }>(
    tokens.owner,
    'mutation($input: EnableAccessControlInput!) { enableAccessControl(input: $input) { __typename } }',
    { input: { key: keyId } },
  )
  if (enableAccessControl.__typename !== 'EnableAccessControlPayload')
    throw new Error(enableAccessControl.__typename)
}

/** Waits until a condition holds, at most 20 seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`timeout: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Runs a program, tells what it has shown, and sets the exit code. */
export function runProgram(name: string, program: () => Promise<void>): void {
  program().then(
    () => {
      console.log(`${name}: done`)
      process.exit(0)
    },
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
}
