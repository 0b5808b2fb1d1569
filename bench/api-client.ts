import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** An answer, whatever its status. */
export interface ApiAnswer {
  readonly status: number
  readonly body: string
}

/** Sends requests over connections that stay open. */
export interface ApiClient {
  send(token: string, body: string, signal?: AbortSignal): Promise<ApiAnswer>
  close(): void
}

/** Opens a client. `localAddress` makes it another client for the limits that go by address. */
export function createApiClient(url: string, localAddress = '127.0.0.1'): ApiClient {
  const agent = new Agent({ keepAlive: true })
  return {
    async send(token, body, signal) {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }
      const sent = request(url, { agent, method: 'POST', headers, localAddress, ...(signal && { signal }) })
      sent.end(body)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      return { status: response.statusCode ?? 0, body: await text(response) }
    },
    close: () => agent.destroy(),
  }
}
