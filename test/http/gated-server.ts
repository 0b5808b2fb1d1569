import { buildSchema, type GraphQLSchema } from 'graphql'
import { onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { KeysteadError } from '../../src/errors.ts'
import type { Caller } from '../../src/keys/rules/caller.ts'
import { createLog } from '../../src/log.ts'
import { openListener } from '../../src/server/http/listener.ts'
import { createServer, type Server, type ServerParts } from '../../src/server/http/server.ts'

/** The server over HTTP, with work that lasts for as long as a test says. */
export interface GatedServer {
  readonly server: Server
  readonly url: string
  readonly logged: readonly Record<string, unknown>[]
  /** Names of the work that was begun, in order. */
  readonly begun: readonly string[]
  /** Lets work end, with its name as the answer or another text. */
  finish(name: string, answer?: string): void
  /** Asks for work, as a caller. */
  work(name: string, options?: { caller?: string; signal?: AbortSignal }): Promise<Response>
  post(query: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
}

class NoSuchCallerError extends KeysteadError {
  readonly code = 'UNAUTHENTICATED'
}

/** Starts it; all that is under way when the test ends is finished then. */
export async function startGatedServer(
  settings: Record<string, string>,
  parts: Partial<Pick<ServerParts, 'authenticator' | 'checkReady'>> = {},
): Promise<GatedServer> {
  const gates = new Map<string, PromiseWithResolvers<string>>()
  const begun: string[] = []
  const logged: Record<string, unknown>[] = []
  let isOver = false
  const gateOf = (name: string) => {
    const gate = gates.get(name) ?? Promise.withResolvers<string>()
    gates.set(name, gate)
    return gate
  }
  const config = readConfig({
    PORT: '0',
    AUTH_ISSUER: 'https://issuer.test',
    AUTH_JWKS_FILE: '/none',
    ...settings,
  })
  const listener = await openListener(config, { handler: () => {}, connectionsMax: config.CONNECTIONS_MAX })
  const server = createServer(
    {
      config,
      clock: systemClock,
      log: createLog('debug', { write: (line) => void logged.push(JSON.parse(line)) }),
      subgraphSchema: null,
      schema: createSchema((name) => {
        begun.push(name)
        return isOver ? Promise.resolve('finished') : gateOf(name).promise
      }),
      createContext: () => ({}),
      authenticator: {
        authenticate: async (header) => callerOf(header),
        recognise: () => null,
        expects: () => false,
      },
      keySets: { recall: () => null, recallOld: () => null, read: async () => null },
      withBoundRoles: async (caller) => caller,
      devTokens: null,
      login: null,
      checkReady: async () => [],
      tracing: null,
      explain: () => null,
      ...parts,
    },
    listener,
  )
  server.serve()
  const { url } = listener
  const post = (query: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
      ...(signal && { signal }),
    })
  onTestFinished(async () => {
    isOver = true
    for (const gate of gates.values()) gate.resolve('finished')
    await server.close()
  })
  return {
    server,
    url,
    logged,
    begun,
    finish: (name, answer = 'finished') => gateOf(name).resolve(answer),
    work: (name, { caller = 'ann', signal } = {}) =>
      post(`{ work(name: "${name}") }`, { authorization: `Bearer ${caller}` }, signal),
    post,
  }
}

/** Waits until the server has so many requests. */
export async function untilLoad(
  { server }: GatedServer,
  load: Partial<ReturnType<Server['load']>>,
): Promise<void> {
  await vi.waitUntil(
    () => Object.entries(load).every(([name, value]) => server.load()[name as keyof typeof load] === value),
    { timeout: 10_000, interval: 5 },
  )
}

function createSchema(work: (name: string) => Promise<string>): GraphQLSchema {
  const schema = buildSchema(`
    type Query { work(name: String!): String }
    type Subscription { ticks: Int }
  `)
  const { work: field } = schema.getQueryType()?.getFields() ?? {}
  const { ticks } = schema.getSubscriptionType()?.getFields() ?? {}
  if (!field || !ticks) throw new Error('the schema has lost its fields')
  field.resolve = (_, { name }) => work(name)
  ticks.subscribe = async function* () {
    yield { ticks: 1 }
    await new Promise(() => {})
  }
  return schema
}

/** The caller that a token of {@link GatedServer.work} is of. */
export function callerOf(header: string | null): Caller {
  const [, name] = /^Bearer (\w+)$/.exec(header ?? '') ?? []
  if (name === undefined || name === 'nobody') throw new NoSuchCallerError('This token is of nobody.')
  return {
    subject: `user:${name}`,
    kind: 'USER',
    name,
    groups: [],
    projectId: 'shop',
    roles: new Set(['KMS_USER']),
    tokenId: null,
    tokenExpiresAt: new Date(8.64e15),
  }
}
