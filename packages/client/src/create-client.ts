import { type Batcher, createBatcher } from './batches.ts'
import type { CallOptions } from './call-options.ts'
import { requireMilliseconds } from './deadline.ts'
import type { DataKeyCacheOptions } from './envelope/data-key-cache.ts'
import { createEnvelopes, type Envelope } from './envelope/envelope.ts'
import { errorOf } from './error-of.ts'
import { type KeysteadError, type Refusal, UnexpectedAnswerError } from './errors.ts'
import { subscribe } from './events.ts'
import { type OperationDefinition, operations } from './generated/operations.ts'
import type { Operations } from './generated/types.ts'
import { isRepeatable, type OperationName } from './retry.ts'
import { createJwsSigner, type SignJws, type SignJwt } from './sign-jws.ts'
import { createTokenSource, type Token } from './token.ts'
import { loadTracing } from './tracing.ts'
import { createTransport, errorIn, type GraphqlAnswer } from './transport.ts'
import { decode, encodeVariables } from './values.ts'

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Address of the server, such as `https://keystead.example.org`. */
  readonly url: string | URL
  /**
   * A token, or a function that gives one. The function is called for the first request, shortly before a JWT ends, and
   * when a token is refused; requests at the same time share a call.
   */
  readonly token: Token
  /** Limit for a call with its retries, in milliseconds; 30,000 if not given. */
  readonly timeoutMs?: number | undefined
  /** How often a request is sent at most; 5 if not given, and 1 for never again. */
  readonly attemptsMax?: number | undefined
  /** Most items of a batch that the client makes of single calls; 500 if not given, and 1 for no batches. */
  readonly batchItemsMax?: number | undefined
  /**
   * Sends the SHA-256 of each document in its place, for servers that take trusted documents only. The operator registers
   * those of this release, `@keystead/client/documents.json`, and those that you give to `request`.
   */
  readonly trustedDocuments?: boolean | undefined
  /** Bounds of the data keys that `envelope` keeps in memory. */
  readonly dataKeys?: DataKeyCacheOptions | undefined
  /** In place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** A client of a Keystead server. It has every operation of the API as a method. */
export interface KeysteadClient extends Operations {
  /** Encrypts content of any size in this process. Keystead wraps the data keys. */
  readonly envelope: Envelope
  /** Signs a JWT with a key of Keystead. `kid` is the ID of the version that signed. */
  readonly signJwt: SignJwt
  /** Signs bytes as a JSON Web Signature in compact form, whose payload can be detached. */
  readonly signJws: SignJws
  /** Sends a query or mutation of your own, for other fields. Base64 stays text, and members of result unions are data. */
  request<Data = Readonly<Record<string, unknown>>>(
    document: string,
    variables?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<Data>
  /** Erases the data keys that the client keeps in memory. It can be used again. */
  close(): void
}

type Variables = Readonly<Record<string, unknown>>

/**
 * Makes a client. It opens nothing: connections come with the first call.
 *
 * @example
 * const keystead = createClient({ url: 'https://keystead.example.org', token: () => fetchToken() })
 * const { ciphertext } = await keystead.encrypt({ key: 'orders', plaintext, context: { order: '42' } })
 */
export function createClient({
  url,
  token,
  timeoutMs = 30_000,
  attemptsMax = 5,
  batchItemsMax = 500,
  trustedDocuments = false,
  dataKeys,
  fetch = globalThis.fetch,
}: ClientOptions): KeysteadClient {
  requireMilliseconds('timeoutMs', timeoutMs)
  requireCount('attemptsMax', attemptsMax)
  requireCount('batchItemsMax', batchItemsMax)
  const transport = createTransport({
    endpoint: endpointOf(url),
    fetch,
    tokens: createTokenSource(token),
    tracing: loadTracing(),
    timeoutMs,
    attemptsMax,
    trustedDocuments,
  })

  /** Sends an operation, and gives its result. `variables` are JSON. */
  async function perform(
    name: OperationName,
    variables: string,
    options: CallOptions,
    items?: number,
  ): Promise<unknown> {
    const definition: OperationDefinition = operations[name]
    const { kind, document } = definition
    const request = { name, kind, document, variables, isRepeatable: isRepeatable(name) }
    return transport.send(items === undefined ? request : { ...request, items }, options, (answer) =>
      resultOf(name, definition, answer),
    )
  }

  const batchers = new Map<OperationName, Batcher>()
  function batcherOf(name: OperationName): Batcher | undefined {
    const batchName = `${name}Batch` as OperationName
    // Changes are never joined: who sends one wants to know about it.
    if (batchItemsMax === 1 || !(batchName in operations) || !isRepeatable(name)) return undefined
    const known = batchers.get(name)
    if (known !== undefined) return known
    const batcher = createBatcher({
      timeoutMs,
      itemsMax: batchItemsMax,
      sendOne: (item, options) => perform(name, `{"input":${item}}`, options),
      async sendBatch(items, options) {
        const variables = `{"input":{"items":[${items.join(',')}]}}`
        const { results } = (await perform(batchName, variables, options, items.length)) as {
          readonly results: readonly { readonly result: unknown }[]
        }
        if (results.length !== items.length) throw unanswered()
        return results.map(({ result }) => result)
      },
    })
    batchers.set(name, batcher)
    return batcher
  }

  const methods = Object.entries(operations as Readonly<Record<string, OperationDefinition>>).map(
    ([key, definition]) => {
      const name = key as OperationName
      const variablesOf = (args: Variables | undefined) =>
        encodeVariables(definition, definition.kind === 'mutation' ? { input: args } : (args ?? {}))
      if (definition.kind === 'subscription') {
        return [
          name,
          (args?: Variables, options: CallOptions = {}) =>
            eventsOf(name, definition, variablesOf(args), options),
        ]
      }
      return [
        name,
        async (args?: Variables, options: CallOptions = {}) => {
          const variables = variablesOf(args)
          const batcher = batcherOf(name)
          if (batcher !== undefined) return batcher.add(variables['input'], options)
          return perform(name, JSON.stringify(variables), options)
        },
      ]
    },
  )

  async function* eventsOf(
    name: OperationName,
    { kind, document, output }: OperationDefinition,
    variables: Variables,
    options: CallOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    const request = { name, kind, document, variables: JSON.stringify(variables), isRepeatable: true }
    for await (const data of subscribe(transport, request, options)) yield decode(data[name], output, {})
  }

  const all = Object.fromEntries(methods) as unknown as Operations
  const { envelope, close } = createEnvelopes(all, dataKeys)
  return {
    ...all,
    envelope,
    ...createJwsSigner(all),
    close,
    async request<Data>(document: string, variables: Variables = {}, options: CallOptions = {}) {
      const isQuery = !/\b(?:mutation|subscription)\b/.test(document)
      const request = {
        name: 'request',
        kind: isQuery ? 'query' : 'mutation',
        document,
        variables: JSON.stringify(variables),
        isRepeatable: isQuery,
      }
      return transport.send(request, options, ({ data, errors, requestId }) => {
        const [error] = errors
        if (error !== undefined) throw errorIn(error, requestId)
        return data as Data
      })
    },
  }
}

/** The payload of an answer, converted. Throws a refusal. */
function resultOf(
  name: OperationName,
  { payload, output, isNullable }: OperationDefinition,
  { data, errors, requestId }: GraphqlAnswer,
): unknown {
  const options = { requestId }
  // Errors of single items of a batch: ["encryptBatch", "results", 3, "result"].
  const ofItems = errors.filter(({ path = [] }) => path[1] === 'results' && typeof path[2] === 'number')
  const [error] = errors.filter((each) => !ofItems.includes(each))
  if (error !== undefined) throw errorIn(error, requestId)
  const result = data[name] as Refusal | null | undefined
  if (result === null || result === undefined) {
    if (isNullable) return null
    throw unanswered()
  }
  if (payload !== null && result['__typename'] !== payload) throw errorOf(result, options)
  const decoded = decode(result, output, options)
  if (ofItems.length > 0) {
    const { results } = decoded as { readonly results: { result: unknown }[] }
    for (const each of ofItems) {
      const item = results[Number(each.path?.[2])]
      if (item !== undefined) item.result = errorIn(each, requestId)
    }
  }
  return decoded
}

function unanswered(): KeysteadError {
  return new UnexpectedAnswerError('The answer lacks a result. Check that the client fits the server.', {
    status: 200,
  })
}

function endpointOf(url: string | URL): URL {
  const base = new URL(url)
  if (base.protocol !== 'https:' && base.protocol !== 'http:') {
    throw new TypeError(`url must begin with https:// or http://, got ${base.protocol}`)
  }
  if (base.username !== '' || base.password !== '')
    throw new TypeError('url must have no user and no password.')
  base.pathname = `${base.pathname.replace(/\/+$/, '')}/graphql`
  return base
}

function requireCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be an integer of at least 1, got ${value}.`)
  }
}
