import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JWK } from 'jose'

/** An issuer's key endpoint on a real socket. */
export interface JwksServer {
  readonly url: string
  /** How many requests it has seen. */
  requests(): number
  publish(keys: readonly JWK[]): void
  /** Answers in another way from now on. */
  answerWith(answer: (response: ServerResponse) => void): void
  close(): Promise<void>
}

/** Starts an endpoint that publishes these keys. */
export async function startJwksServer(initialKeys: readonly JWK[]): Promise<JwksServer> {
  let requests = 0
  let answer: (response: ServerResponse) => void = () => undefined
  const server = createServer((_, response) => {
    requests += 1
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  function publish(keys: readonly JWK[]): void {
    answer = (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  }
  publish(initialKeys)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    requests: () => requests,
    publish,
    answerWith(newAnswer) {
      answer = newAnswer
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
