import { Client, type CombinedError, cacheExchange, fetchExchange, mapExchange } from 'urql'
import type { Persona } from './personas.ts'
import { sendAs } from './send-as.ts'

/** A client with a cache of its own: what one persona has seen is never shown to another. */
export function createClient(persona: Persona, onError: (error: CombinedError) => void): Client {
  return new Client({
    url: '/graphql',
    // The API answers POST requests only.
    preferGetMethod: false,
    // What others change is not seen from here, so that each view asks anew, and shows what it knows meanwhile.
    requestPolicy: 'cache-and-network',
    fetch: sendAs(persona),
    exchanges: [cacheExchange, mapExchange({ onError }), fetchExchange],
  })
}

/**
 * For queries about keys and for all changes: after a change, also a refused one, what is shown of keys is asked for
 * anew. The types in an answer are not enough, since an empty list and a deletion name none.
 */
export const aboutKeys = { additionalTypenames: ['UserKey'] }
