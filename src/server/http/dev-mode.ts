import type { IncomingMessage } from 'node:http'
import { type Answer, errorAnswer, headerOf, jsonAnswer } from './answer.ts'

/** What development mode can issue tokens for. */
export interface DevTokens {
  readonly personas: readonly { readonly name: string }[]
  issue(personaName: string): Promise<string>
}

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/**
 * Refuses requests that a foreign web page sends: with the name of another host that resolves to this machine (DNS
 * rebinding), or from an origin that is neither this one nor among those that the operator names. Null if the request may
 * go on.
 */
export function refuseForeignPages({ headers }: IncomingMessage, origins: readonly string[]): Answer | null {
  const host = headerOf(headers, 'host') ?? ''
  const origin = headerOf(headers, 'origin')
  if (loopbackHost.test(host) && (origin === null || origin === `http://${host}` || origins.includes(origin)))
    return null
  return errorAnswer(403, {
    code: 'FORBIDDEN',
    message:
      'In development mode the server answers only pages and programs of this machine: use http://localhost or http://127.0.0.1.',
  })
}

/** `GET /dev/tokens/PERSONA`: a fresh token. */
export async function answerTokenRequest(path: string, { personas, issue }: DevTokens): Promise<Answer> {
  const persona = personas.find(({ name }) => path === `/dev/tokens/${name}`)
  if (persona === undefined) {
    const names = personas.map(({ name }) => name).join(', ')
    return errorAnswer(404, { code: 'BAD_REQUEST', message: `There is no such persona; there are ${names}.` })
  }
  return jsonAnswer(200, { token: await issue(persona.name) })
}
