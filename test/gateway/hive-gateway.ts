import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'

/** Starts Hive Gateway on a composed supergraph. */
export async function startHiveGateway(supergraph: string, port = 4000) {
  const gateway = createGatewayRuntime({
    supergraph,
    // Keystead answers subscriptions as streams to POST, and nothing to GET.
    transportEntries: { keystead: { options: { method: 'POST' } } },
    propagateHeaders: {
      // The token opens keys: no other subgraph gets it.
      fromClientToSubgraphs({ request, subgraphName }) {
        const authorization = request.headers.get('authorization')
        return subgraphName === 'keystead' && authorization !== null ? { authorization } : {}
      },
      // Answers can hold plaintext: no cache on the way to the client may store them.
      fromSubgraphsToClient({ response, subgraphName }) {
        const cacheControl = response.headers.get('cache-control')
        return subgraphName === 'keystead' && cacheControl !== null ? { 'cache-control': cacheControl } : {}
      },
    },
    graphiql: false,
    landingPage: false,
  })
  const server = createServer(gateway)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    async close() {
      server.closeAllConnections()
      server.close()
      await gateway.dispose()
    },
  }
}
