import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '../../config.ts'
import { ListenError } from './listener.ts'

/** HTTP server for Prometheus. */
export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/** Starts the server on a port of its own, so that access to metrics and to the API can be given separately. */
export async function startMetricsServer(
  { METRICS_HOST: host, METRICS_PORT: port }: Pick<Config, 'METRICS_HOST' | 'METRICS_PORT'>,
  metrics: { readonly contentType: string; print(): Promise<string> },
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, async (request, response) => {
    request.resume()
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
    const isKnown = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')
    if (!isKnown) {
      response.writeHead(404, headers).end()
      return
    }
    try {
      const text = await metrics.print()
      response.writeHead(200, { ...headers, 'content-type': metrics.contentType }).end(text)
    } catch {
      response.writeHead(500, headers).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new ListenError({ host, port: port ?? 0, names: ['METRICS_HOST', 'METRICS_PORT'] }, error))
    })
    server.listen(port ?? 0, host, resolve)
  })
  const { address, family, port: taken } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/metrics`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
