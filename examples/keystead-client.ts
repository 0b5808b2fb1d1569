/**
 * A tiny client of Keystead's GraphQL API, to copy into a program of your own: it needs `fetch` and nothing else.
 *
 * Every mutation answers with a union: its payload, or an error that the caller can act on. Both those errors and the
 * top-level ones (UNAUTHENTICATED, UNAVAILABLE, …) are thrown as `KeysteadError`; docs/errors.md lists the codes.
 */

/** Keystead refused; `code` says why, for programs, and `message` for people. */
export class KeysteadError extends Error {
  override readonly name = 'KeysteadError'
  readonly code: string
  /** What is wrong with single fields of the input. */
  readonly issues: readonly string[]

  constructor({ code, message, issues = [] }: Problem) {
    super(message)
    this.code = code
    this.issues = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  }
}

/** No answer of Keystead came back, so it is unknown whether the request took effect. */
export class KeysteadUnreachableError extends Error {
  override readonly name = 'KeysteadUnreachableError'
}

/** A key, as far as this client asks for it. */
export interface UserKey {
  readonly id: string
  readonly name: string
  readonly algorithm: string
  readonly defaultVersion: { readonly number: number }
}

/** A data key: what encrypts data, and the same wrapped by a version of a key in Keystead. */
export interface DataKey {
  /** The data key itself; fill it with zeros after use. */
  readonly plaintext: Buffer
  /** The data key, encrypted; to be kept beside the data. */
  readonly wrapped: Buffer
  readonly keyId: string
  readonly versionNumber: number
}

/** The operations that envelope encryption needs. A `key` is the ID of a key, its name or an alias. */
export interface KeysteadClient {
  createUserKey(input: { name: string; description: string }): Promise<UserKey>
  generateDataKey(input: { key: string; lengthBytes: number; aad: Uint8Array }): Promise<DataKey>
  /** Generates the next version, unless the default one is another than expected: so it is safe to repeat. */
  rotateUserKey(input: {
    key: string
    expectedDefaultVersionNumber: number
  }): Promise<{ versionNumber: number }>
  decrypt(input: {
    ciphertext: Uint8Array
    aad: Uint8Array
  }): Promise<{ plaintext: Buffer; keyId: string; versionNumber: number }>
}

interface Problem {
  readonly code: string
  readonly message: string
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[]
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

/** Fragments on every result union; the first also fits errors that a later release adds. */
const problemFields =
  '... on UserError { code message } ... on InputValidationError { issues { path message } }'

const documents = {
  createUserKey: `mutation CreateUserKey($input: CreateUserKeyInput!) {
    createUserKey(input: $input) {
      ... on CreateUserKeyPayload { userKey { id name algorithm defaultVersion { number } } }
      ${problemFields}
    }
  }`,
  // Only because "plaintext" is selected does the data key itself leave the server.
  generateDataKey: `mutation GenerateDataKey($input: GenerateDataKeyInput!) {
    generateDataKey(input: $input) {
      ... on GenerateDataKeyPayload { plaintext ciphertext keyId versionNumber }
      ${problemFields}
    }
  }`,
  rotateUserKey: `mutation RotateUserKey($input: RotateUserKeyInput!) {
    rotateUserKey(input: $input) {
      ... on RotateUserKeyPayload { version { number } }
      ${problemFields}
    }
  }`,
  decrypt: `mutation Decrypt($input: DecryptInput!) {
    decrypt(input: $input) {
      ... on DecryptPayload { plaintext keyId versionNumber }
      ${problemFields}
    }
  }`,
}

/** Builds a client. `getToken` is asked before each request, so that it can renew a token that ends. */
export function createKeysteadClient({
  url,
  getToken,
  signal = new AbortController().signal,
  timeoutMs = 30_000,
}: {
  /** Where Keystead is, without `/graphql`. */
  readonly url: string
  readonly getToken: () => Promise<string>
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}): KeysteadClient {
  async function run<T>(name: keyof typeof documents, input: object): Promise<T> {
    const response = await reach(url, '/graphql', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await getToken()}`,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
      },
      body: JSON.stringify({ query: documents[name], variables: { input } }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const { data, errors } = response.body as Answer
    const [error] = errors ?? []
    if (error !== undefined) {
      throw new KeysteadError({ code: error.extensions?.code ?? 'INTERNAL', message: error.message })
    }
    const result = data?.[name]
    if (typeof result !== 'object' || result === null) throw notKeystead(url, response.status)
    if ('code' in result) throw new KeysteadError(result as Problem)
    return result as T
  }

  return {
    async createUserKey(input) {
      return (await run<{ userKey: UserKey }>('createUserKey', input)).userKey
    },
    async generateDataKey({ key, lengthBytes, aad }) {
      const input = { key, lengthBytes, additionalAuthenticatedData: toBase64(aad) }
      const result = await run<Base64Fields & { ciphertext: string }>('generateDataKey', input)
      return {
        plaintext: Buffer.from(result.plaintext, 'base64'),
        wrapped: Buffer.from(result.ciphertext, 'base64'),
        keyId: result.keyId,
        versionNumber: result.versionNumber,
      }
    },
    async rotateUserKey(input) {
      const { version } = await run<{ version: { number: number } }>('rotateUserKey', input)
      return { versionNumber: version.number }
    },
    async decrypt({ ciphertext, aad }) {
      // The ciphertext names its key and version, so that nothing else is needed to find them.
      const input = { ciphertext: toBase64(ciphertext), additionalAuthenticatedData: toBase64(aad) }
      const result = await run<Base64Fields>('decrypt', input)
      return { ...result, plaintext: Buffer.from(result.plaintext, 'base64') }
    },
  }
}

interface Base64Fields {
  readonly plaintext: string
  readonly keyId: string
  readonly versionNumber: number
}

/** Sends a request and reads its answer as JSON. Redirects are refused: a token is for one server only. */
export async function reach(
  url: string,
  path: string,
  request: RequestInit & { readonly signal: AbortSignal },
): Promise<{ status: number; body: unknown }> {
  let response: Response
  let text: string
  try {
    response = await fetch(`${url}${path}`, { ...request, redirect: 'error' })
    text = await response.text()
  } catch (error) {
    const reason: unknown = request.signal.reason
    if (request.signal.aborted && !(reason instanceof DOMException && reason.name === 'TimeoutError')) {
      throw reason
    }
    // What `fetch` throws says only that it failed; its cause says why.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const { code, message } = cause as { code?: unknown; message: string }
    const why = typeof code === 'string' ? code : message
    throw new KeysteadUnreachableError(`${url} cannot be reached: ${why}`, { cause: error })
  }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return { status: response.status, body }
  } catch {
    // Not JSON: told below.
  }
  throw notKeystead(url, response.status)
}

function notKeystead(url: string, status: number): KeysteadUnreachableError {
  return new KeysteadUnreachableError(`${url} answered (status ${status}), but not as Keystead does.`)
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
