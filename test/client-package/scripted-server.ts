import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as it came. */
export interface SeenRequest {
  readonly headers: IncomingHttpHeaders
  readonly query: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into variables of every shape
  readonly variables: any
}

/** What the server does with a request: an answer, `hang` for never, or `cut` to end the connection without one. */
export type ScriptedAnswer =
  | 'hang'
  | 'cut'
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown }

/** Starts a server that answers as a test says, for what a real one does too rarely. */
export async function startScriptedServer(
  answer: (request: SeenRequest, count: number) => ScriptedAnswer | Promise<ScriptedAnswer>,
): Promise<{ readonly url: string; readonly seen: readonly SeenRequest[] }> {
  const seen: SeenRequest[] = []
  const server = createServer(async (incoming, response) => {
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part)
    const { query, variables } = JSON.parse(Buffer.concat(parts).toString())
    const request = { headers: incoming.headers, query, variables }
    seen.push(request)
    const scripted = await answer(request, seen.length)
    if (scripted === 'hang') return
    if (scripted === 'cut') {
      incoming.socket.destroy()
      return
    }
    const { status = 200, headers = {}, body } = scripted
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** The answer to `viewer`. */
export const viewerAnswer = { body: { data: { viewer: { projectId: 'shop' } } } }

/** An answer with one error in place of data. */
export function errorAnswer(
  code: string,
  more: object = {},
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): ScriptedAnswer {
  return { status, headers, body: { errors: [{ message: code, extensions: { code, ...more } }] } }
}
