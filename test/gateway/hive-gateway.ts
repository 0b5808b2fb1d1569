import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGatewayRuntime, type GatewayPlugin } from '@graphql-hive/gateway-runtime'
import type { GraphQLError } from 'graphql'

/**
 * Puts each error of an entity into the place of its value, where the gateway finds its path. By itself, Hive Gateway gives
 * the errors of all rows the path of the first one.
 */
const errorsInPlace: GatewayPlugin = {
  onSubgraphExecute({ subgraphName }) {
    if (subgraphName !== 'keystead') return
    return ({ result, setResult }) => {
      if (Symbol.asyncIterator in result || result.errors === undefined) return
      const { errors, ...rest } = result
      const others = errors.filter((error) => !putInPlace(result.data, error))
      setResult(others.length === 0 ? rest : { ...rest, errors: others })
    }
  },
}

/** Replaces the null that an error explains by the error, without its path. False if it is not of a value in an entity. */
function putInPlace(data: unknown, error: GraphQLError): boolean {
  const { path = [] } = error
  const last = path.at(-1)
  if (!String(path[0]).endsWith('_entities') || path.length < 3 || last === undefined) return false
  // biome-ignore lint/suspicious/noExplicitAny: a value has the shape that the client selected
  const parent = path.slice(0, -1).reduce<any>((value, segment) => value?.[segment], data)
  if (parent?.[last] !== null) return false
  parent[last] = Object.assign(error, { path: undefined })
  return true
}

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
    plugins: () => [errorsInPlace],
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
