import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'

interface Context {
  readonly authorization?: string | undefined
}

/** Hands the caller's token on. */
class WithToken extends RemoteGraphQLDataSource<Context> {
  override willSendRequest({ request, context }: { request: GatewayRequest; context: Context }) {
    const { authorization } = context
    if (authorization !== undefined) request.http?.headers.set('authorization', authorization)
  }
}

type GatewayRequest = Parameters<NonNullable<RemoteGraphQLDataSource['willSendRequest']>>[0]['request']

/** Starts Apollo Gateway on a composed supergraph. */
export async function startApolloGateway(supergraphSdl: string, port = 4000) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    // The token opens keys: no other subgraph gets it.
    buildService: ({ name, url }) =>
      name === 'keystead'
        ? new WithToken({ url: url ?? '' })
        : new RemoteGraphQLDataSource({ url: url ?? '' }),
  })
  const server = new ApolloServer<Context>({
    gateway,
    introspection: false,
    includeStacktraceInErrorResponses: false,
  })
  const { url } = await startStandaloneServer(server, {
    listen: { port },
    context: async ({ req }) => ({ authorization: req.headers.authorization }),
  })
  return { url, close: () => server.stop() }
}
