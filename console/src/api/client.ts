import { documentIds } from 'virtual:document-ids'
import { Client, type CombinedError, cacheExchange, fetchExchange, mapExchange } from 'urql'

/** Where requests get their token from. */
export interface TokenSource {
  /** A token that is valid now. */
  token(): Promise<string>
  /** A new token, after the server has refused the last one. */
  renew(): Promise<string>
}

/** A client with a cache of its own: what one user has seen is never shown to another. */
export function createClient(source: TokenSource, onError: (error: CombinedError) => void): Client {
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
        // A stream that breaks is opened again; nobody needs to know.
        onError: (error, { kind }) => void (kind !== 'subscription' && onError(error)),
      }),
      fetchExchange,
    ],
  })
}

/**
 * For queries about keys and for all changes: after a change, also a refused one, what is shown of keys is asked for
 * anew. The types in an answer are not enough, since an empty list and a deletion name none.
 */
export const aboutKeys = { additionalTypenames: ['UserKey'] }

function sendWith(source: TokenSource): typeof fetch {
  return async (resource, init) => {
    const send = (token: string) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(resource, { ...init, headers, body: withDocumentId(String(init?.body)) })
    }
    const answer = await send(await source.token())
    return answer.status === 401 ? send(await source.renew()) : answer
  }
}

/** The request with the ID of its document in place of the text: the server trusts the documents of its console. */
function withDocumentId(body: string): string {
  const { query, ...rest } = JSON.parse(body) as { query: string; operationName: string }
  const documentId = documentIds[rest.operationName]
  return documentId === undefined ? body : JSON.stringify({ ...rest, documentId })
}
