import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A request that a receiver got. */
export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Answer to a request; null leaves it without one. */
export interface ReceiverAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Starts a receiver on this machine. It keeps what it answers with 200. */
export async function startReceiver(
  answer: (request: ReceivedRequest, count: number) => ReceiverAnswer | null = () => ({ status: 200 }),
) {
  const taken: ReceivedRequest[] = []
  const asked: ReceivedRequest[] = []
  const server = createServer(async (request, response) => {
    const received = { path: request.url ?? '', headers: request.headers, body: await text(request) }
    asked.push(received)
    const chosen = answer(received, asked.length)
    if (chosen === null) return
    if (chosen.status === 200) taken.push(received)
    response.writeHead(chosen.status, { ...chosen.headers }).end(chosen.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(async () => {
    await close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    taken,
    asked,
    lines: () => taken.flatMap(({ body }) => body.split('\n')).filter((line) => line.startsWith('{')),
    close,
  }
}
