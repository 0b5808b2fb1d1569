import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { GraphQLError } from 'graphql'

interface Context {
  readonly authorization?: string | undefined
  readonly requestId?: string | undefined
}

/** Hands the caller's token and the ID of the request on, and errors back. */
class Keystead extends RemoteGraphQLDataSource<Context> {
  override willSendRequest({ request, context }: { request: GatewayRequest; context: Context }) {
    const { authorization, requestId } = context
    if (authorization !== undefined) request.http?.headers.set('authorization', authorization)
    if (requestId !== undefined) request.http?.headers.set('x-request-id', requestId)
  }

  /** The gateway's own error has no code of Keystead, and tells the client the address of the subgraph. */
  override didEncounterError({ extensions }: Error & { readonly extensions?: RefusedRequest }) {
    const [refusal] = extensions?.response?.body?.errors ?? []
    if (refusal !== undefined)
      throw new GraphQLError(refusal.message, { extensions: refusal.extensions ?? {} })
    throw new GraphQLError('Keystead cannot be reached.', { extensions: { code: 'UNAVAILABLE' } })
  }
}

type GatewayRequest = Parameters<NonNullable<RemoteGraphQLDataSource['willSendRequest']>>[0]['request']

/** What the gateway says about an answer with another status than 200. */
interface RefusedRequest {
  readonly response?: {
    readonly body?: { readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[] }
  }
}

/** Starts Apollo Gateway on a composed supergraph. */
export async function startApolloGateway(supergraphSdl: string, port = 4000) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    // The token opens keys: no other subgraph gets it.
    buildService: ({ name, url }) =>
      name === 'keystead'
        ? new Keystead({ url: url ?? '' })
        : new RemoteGraphQLDataSource({ url: url ?? '' }),
  })
  const server = new ApolloServer<Context>({
    gateway,
    introspection: false,
    includeStacktraceInErrorResponses: false,
  })
  const { url } = await startStandaloneServer(server, {
    listen: { port },
    context: async ({ req }) => ({
      authorization: req.headers.authorization,
      requestId: req.headers['x-request-id']?.toString(),
    }),
  })
  return { url, close: () => server.stop() }
}
