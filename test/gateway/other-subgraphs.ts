import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled'
import { startStandaloneServer } from '@apollo/server/standalone'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { type Customer, customerResolvers } from './customers.ts'

/** A subgraph that stands beside Keystead. */
export interface Subgraph {
  readonly url: string
  readonly sdl: string
  /** The authorization headers that came with requests. */
  readonly tokens: readonly (string | undefined)[]
  close(): Promise<void>
}

/** Knows the names of people. */
export function startUsers(names: Readonly<Record<string, string>>): Promise<Subgraph> {
  const find = (id: string) => (names[id] === undefined ? null : { id, name: names[id] })
  return start('users', {
    Query: { me: () => null },
    User: { __resolveReference: ({ id }: { id: string }) => find(id) },
  })
}

/** Knows vaults, and of their keys the IDs. */
export function startVaults(
  vaults: readonly { id: string; name: string; keyId: string }[],
): Promise<Subgraph> {
  const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }
  return start('vaults', {
    Query: {
      node: (_root: unknown, { id }: { id: string }) => vaults.find((vault) => vault.id === id) ?? null,
      vaults: (_root: unknown, { first }: { first?: number }) => ({
        nodes: vaults.slice(0, first ?? 3),
        pageInfo,
      }),
    },
    Node: { __resolveType: () => 'Vault' },
    Vault: { key: ({ keyId }: { keyId: string }) => ({ __typename: 'UserKey', id: keyId }) },
  })
}

/** Knows customers, and of their addresses the ciphertexts. Those of customers called `bare` have no context. */
export function startCustomers(customers: readonly Customer[]): Promise<Subgraph> {
  const { Query, Customer } = customerResolvers(customers)
  function email(row: Customer) {
    const value = Customer.email(row)
    return value !== null && row.name === 'bare' ? { ...value, context: null } : value
  }
  return start('customers', { Query, Customer: { email } })
}

type Resolvers = Record<string, Record<string, (...values: never[]) => unknown>>

async function start(name: string, resolvers: Resolvers): Promise<Subgraph> {
  const sdl = readFileSync(join(import.meta.dirname, `${name}.graphql`), 'utf8')
  const tokens: (string | undefined)[] = []
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }])
  const server = new ApolloServer({ schema, plugins: [ApolloServerPluginInlineTraceDisabled()] })
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0 },
    context: async ({ req }) => {
      tokens.push(req.headers.authorization)
      return {}
    },
  })
  return { url, sdl, tokens, close: () => server.stop() }
}
