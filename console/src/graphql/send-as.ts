import { documentIds } from 'virtual:document-ids'
import type { Persona } from './personas.ts'

/** Sends requests as a persona. Its token stays in memory: the browser stores none. */
export function sendAs(persona: Persona): typeof fetch {
  let token: string | null = null

  async function askForToken(): Promise<string> {
    const answer = await fetch(`/dev/tokens/${persona}`)
    if (answer.ok) return ((await answer.json()) as { token: string }).token
    throw new Error(
      'There is no token to be had. Is Keystead running in development mode? Start it with `npm start`.',
    )
  }

  return async (resource, init) => {
    const send = async () => {
      token ??= await askForToken()
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(resource, { ...init, headers, body: withDocumentId(String(init?.body)) })
    }
    const answer = await send()
    if (answer.status !== 401) return answer
    // The token has expired, or the server was started again and has a new key.
    token = null
    return send()
  }
}

/** The request with the ID of its document in place of the text: the server trusts the documents of its console. */
function withDocumentId(body: string): string {
  const { query, ...rest } = JSON.parse(body) as { query: string; operationName: string }
  const documentId = documentIds[rest.operationName]
  return documentId === undefined ? body : JSON.stringify({ ...rest, documentId })
}
