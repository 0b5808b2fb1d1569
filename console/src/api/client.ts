import { documentIds } from 'virtual:document-ids'
import { Client, type CombinedError, cacheExchange, createRequest, fetchExchange, mapExchange } from 'urql'
import { knowsQueries } from './refreshed.ts'

/** Where requests get their token from. */
export interface TokenSource {
  /** A token that is valid now. */
  token(): Promise<string>
  /** Another token, after the server has refused this one. */
  renewAfterUnauthenticated(refusedToken: string): Promise<string>
}

/**
 * A client with a cache of its own: what one user has seen is never shown to another.
 *
 * @param onProblem told of failures that no page shows itself, and with null that the server answers again
 */
export function createClient(source: TokenSource, onProblem: (error: CombinedError | null) => void): Client {
  return new Client({
    url: '/graphql',
    // The API answers POST requests only.
    preferGetMethod: false,
    // As server-sent events, which fetch can read, with the header that says who asks.
    fetchSubscriptions: true,
    fetch: sendWith(source),
    exchanges: [
      cacheExchange,
      mapExchange({
        onResult({ error }) {
          if (error === undefined) onProblem(null)
        },
        onError(error, { kind, context }) {
          // A stream that breaks is opened again; nobody needs to know.
          if (kind === 'subscription') return
          // Why a change failed is said where it was asked for: `useChange`.
          if (kind === 'mutation') return
          if (context['showsInvalidInput'] === true && isInvalidInput(error)) return
          onProblem(error)
        },
      }),
      knowsQueries,
      fetchExchange,
    ],
  })
}

/**
 * For queries about keys and for all changes: after a change, also a refused one, what is shown of keys is asked for
 * anew. The types in an answer are not enough, since an empty list and a deletion name none.
 */
export const aboutKeys = { additionalTypenames: ['UserKey'] }

/** For queries whose page says itself what is wrong with what was typed, as in a filter. */
export const showsInvalidInput = { showsInvalidInput: true }

/** True if the server refused what was typed, and says what is wrong with it. */
export const isInvalidInput = ({ graphQLErrors: [first] }: CombinedError): boolean =>
  first?.extensions['code'] === 'INPUT_VALIDATION' || first?.extensions['code'] === 'BAD_USER_INPUT'

/** The same requests, without keeping the answers: for what is read once and is long. */
export function withoutCache(client: Client): Client {
  const { url, fetch } = client.createRequestOperation('query', anyRequest).context
  return new Client({ url, ...(fetch && { fetch }), preferGetMethod: false, exchanges: [fetchExchange] })
}

const anyRequest = createRequest('query { __typename }', {})

function sendWith(source: TokenSource): typeof fetch {
  return async (resource, init) => {
    const send = (token: string) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(resource, { ...init, headers, body: withDocumentId(String(init?.body)) })
    }
    const token = await source.token()
    const answer = await send(token)
    return answer.status === 401 ? send(await source.renewAfterUnauthenticated(token)) : answer
  }
}

/** The request with the ID of its document in place of the text: the server trusts the documents of its console. */
function withDocumentId(body: string): string {
  const { query, ...rest } = JSON.parse(body) as { query: string; operationName: string }
  const documentId = documentIds[rest.operationName]
  return documentId === undefined ? body : JSON.stringify({ ...rest, documentId })
}
