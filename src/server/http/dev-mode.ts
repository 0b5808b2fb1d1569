import type { IncomingMessage } from 'node:http'
import { type Answer, errorAnswer, jsonAnswer } from '../answer.ts'
import { headerOf } from './request-head.ts'

/** Issues tokens of development mode. */
export interface DevTokens {
  readonly personas: readonly { readonly name: string }[]
  issue(personaName: string): Promise<string>
}

/** Step of development mode: an answer, or null if the request may go on. */
export type DevModeStep = (request: IncomingMessage, path: string) => Answer | Promise<Answer> | null

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** Builds the step that refuses foreign web pages and answers `GET /dev/tokens/PERSONA`. */
export function createDevMode(tokens: DevTokens, origins: readonly string[]): DevModeStep {
  return (request, path) => {
    const refusal = refuseForeignPages(request, origins)
    if (refusal !== null) return refusal
    const isForToken = request.method === 'GET' && /^\/dev\/tokens(\/|$)/.test(path)
    return isForToken ? answerTokenRequest(path, tokens) : null
  }
}

/**
 * Refuses requests that a foreign web page sends: with a host name that resolves to this machine (DNS rebinding), or from
 * an origin that is neither this server nor one of CORS_ORIGINS. Null if the request may go on.
 */
function refuseForeignPages({ headers }: IncomingMessage, origins: readonly string[]): Answer | null {
  const host = headerOf(headers, 'host') ?? ''
  const origin = headerOf(headers, 'origin')
  const isOwn = origin === null || origin === `http://${host}` || origin === `https://${host}`
  if (loopbackHost.test(host) && (isOwn || origins.includes(origin))) return null
  return errorAnswer(403, {
    code: 'FORBIDDEN',
    message:
      'In development mode the server answers only pages and programs of this machine: use http://localhost or http://127.0.0.1.',
  })
}

async function answerTokenRequest(path: string, { personas, issue }: DevTokens): Promise<Answer> {
  const persona = personas.find(({ name }) => path === `/dev/tokens/${name}`)
  if (persona === undefined) {
    const names = personas.map(({ name }) => name).join(', ')
    return errorAnswer(404, {
      code: 'BAD_REQUEST',
      message: `Unknown persona. The personas are ${names}.`,
    })
  }
  return jsonAnswer(200, { token: await issue(persona.name) })
}
