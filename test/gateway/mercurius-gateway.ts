import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import mercuriusGateway from '@mercuriusjs/gateway'
import Fastify from 'fastify'

/** Turns Keystead's subgraph, which is of Federation 2, into one of Federation 1. */
export function asFederation1(sdl: string): string {
  return sdl
    .replace(/^extend schema .*$/m, '')
    .replaceAll(/ @tag\([^)]*\)| @shareable/g, '')
    .replaceAll(/"""(?:(?!""")[\s\S])*"""\n(?=type (?:Query|Mutation|Subscription|User) )/g, '')
    .replaceAll(/^type (Query|Mutation|Subscription) /gm, 'extend type $1 ')
    .replace('type User @key(fields: "id", resolvable: false)', 'extend type User @key(fields: "id")')
    .replace(/(extend type User [^}]*\n {2}id: ID!)/, '$1 @external')
}

/** Starts Mercurius Gateway on subgraphs of Federation 1. */
export async function startMercuriusGateway(
  subgraphs: readonly { name: string; url: string; sdl: string }[],
  port = 4000,
) {
  const app = Fastify()
  await app.register(mercuriusGateway.default, {
    gateway: {
      services: subgraphs.map(({ name, url, sdl }) => ({
        name,
        url,
        schema: sdl,
        // Without it, a subgraph that cannot be read is left out without a word.
        mandatory: true,
        // The token opens keys: no other subgraph gets it.
        rewriteHeaders: ({ authorization }: IncomingHttpHeaders): OutgoingHttpHeaders =>
          name === 'keystead' && authorization !== undefined ? { authorization } : {},
      })),
    },
  })
  await app.listen({ port })
  const { port: taken } = app.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${taken}/graphql`, close: () => app.close() }
}
