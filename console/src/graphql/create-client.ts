import { Client, type CombinedError, cacheExchange, fetchExchange, mapExchange } from 'urql'
import type { Persona } from './personas.ts'
import { sendAs } from './send-as.ts'

/** A client with a cache of its own: what one persona has seen is never shown to another. */
export function createClient(persona: Persona, onError: (error: CombinedError) => void): Client {
  return new Client({
    url: '/graphql',
    // The API answers POST requests only.
    preferGetMethod: false,
    // As server-sent events, which fetch can read, with the header that says who asks.
    fetchSubscriptions: true,
    // The list hears of what others change; the other views ask anew, and show what they know meanwhile.
    requestPolicy: 'cache-and-network',
    fetch: sendAs(persona),
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
