import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import type { LoginProvider } from '../../auth/console-login.ts'
import { type Clock, settlesWithin, within } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import {
  type Authenticator,
  type Caller,
  hasAnyAccess,
  type RequestContext,
} from '../../keys/rules/caller.ts'
import type { Log } from '../../log.ts'
import {
  type Accepted,
  type Answer,
  acceptedTypes,
  asEvent,
  createSender,
  dropStream,
  errorAnswer,
  errorContentType,
  eventStream,
  mediaTypes,
  securityHeaders,
} from '../answer.ts'
import { createGraphQL, type GraphQL, type Subscribed } from '../graphql/graphql.ts'
import { graphqlPath, type ServerContext, subgraphPath } from '../graphql/yoga.ts'
import {
  type Admission,
  type AdmittedRequest,
  createAdmission,
  createLoopTurns,
  type LoopTurns,
} from '../load/admission.ts'
import {
  type CallerLimit,
  callerKey,
  createCallerLimit,
  createFailureLimit,
  type FailureLimit,
  RateLimitedError,
  requestCost,
} from '../load/rate-limit.ts'
import {
  answerGone,
  createRefusalPauses,
  createShedding,
  type RefusalPauses,
  type Shed,
} from '../load/shedding.ts'
import {
  type AnsweredRequest,
  logRequest,
  noteRefusal,
  noteRefusedToken,
  type RequestFacts,
  type TokenFacts,
  withRequestFacts,
} from '../observe/request-log.ts'
import type { Tracing } from '../observe/tracing.ts'
import { type Console, openConsole } from './console.ts'
import { type ConsoleSessionStep, createConsoleSession, sessionPath } from './console-session.ts'
import { type Cors, createCors, refuseForeignPage } from './cors.ts'
import { createDevMode, type DevModeStep, type DevTokens } from './dev-mode.ts'
import { healthRouteOf, liveAnswer, type Part, readyAnswer } from './health.ts'
import { createJwks, type JwksStep, jwksPath, type KeySetSource } from './jwks.ts'
import type { Listener } from './listener.ts'
import {
  type BodyReceiver,
  bodyTokensMax,
  createBodyReceiver,
  type Exchange,
  endUnreadBody,
  isAwaitingContinue,
} from './receive-body.ts'
import {
  createClientAddress,
  createForwardingWarning,
  headerOf,
  pathOf,
  refuseContent,
  refuseFraming,
  refuseMethod,
  requestIdOf,
} from './request-head.ts'
import {
  type Asking,
  type Closing,
  type Connected,
  closeCodeOf,
  createSockets,
  type Opening,
  refuseHandshake,
  wantsWebSocket,
} from './websocket.ts'

/** The parts that a server is built from. */
export interface ServerParts {
  readonly config: Config
  readonly log: Log
  /** The clock that tokens are verified with. */
  readonly clock: Clock
  readonly schema: GraphQLSchema
  /** Schema at /subgraph; null if that path is not served. */
  readonly subgraphSchema: GraphQLSchema | null
  readonly createContext: (call: RequestContext) => object
  readonly authenticator: Authenticator
  /** The caller of a token with the roles that it has beyond those of the token. Throws UNAVAILABLE. */
  readonly withBoundRoles: (caller: Caller) => Promise<Caller>
  readonly keySets: KeySetSource
  /** Null outside of development mode. */
  readonly devTokens: DevTokens | null
  /** The provider of the console's login; null if the server has no part in it. */
  readonly login: LoginProvider | null
  /** Resolves to the parts that make the server not ready. */
  readonly checkReady: () => Promise<readonly Part[]>
  /** Null if traces are off. */
  readonly tracing: Tracing | null
  /** Translates an error of another part, such as the database, into an error of the product; null if it is unknown. */
  readonly explain: (error: unknown) => KeysteadError | null
  /** Called for each answered request. Must not throw. */
  readonly onRequest?: (request: AnsweredRequest) => void
  /** Replaces the folder of the built console, for tests. */
  readonly consoleFolder?: string
}

/** Number of requests to the API. */
export interface Load {
  readonly running: number
  /** Requests that are being read, or are queued. */
  readonly queued: number
}

/** The HTTP server. */
export interface Server {
  /** Begins to answer the requests of the listener. */
  serve(): void
  /** True if the console is served at `/`. */
  readonly hasConsole: boolean
  load(): Load
  /** Accepts no new connections, and answers accepted requests within SHUTDOWN_TIMEOUT_MS. */
  close(): Promise<{ readonly cutRequests: number }>
}

/** The parts that the steps use. */
interface Tools
  extends Omit<
    ServerParts,
    'schema' | 'subgraphSchema' | 'createContext' | 'keySets' | 'devTokens' | 'explain' | 'consoleFolder'
  > {
  readonly listener: Listener
  /** What answers GraphQL, by the path that it answers at. */
  readonly graphql: ReadonlyMap<string, GraphQL>
  readonly admission: Admission
  readonly callerLimit: CallerLimit
  readonly failureLimit: FailureLimit
  readonly loopTurns: LoopTurns
  readonly pauses: RefusalPauses
  readonly clientAddressOf: (request: IncomingMessage) => string | null
  readonly shed: (reason: Shed) => Answer
  readonly bodies: BodyReceiver
  readonly cors: Cors | null
  readonly jwks: JwksStep
  readonly devMode: DevModeStep | null
  readonly console: Console | null
  readonly consoleSession: ConsoleSessionStep | null
  readonly graphiqlPage: (() => Promise<Answer>) | null
}

/** A request on its way through the steps. */
interface Incoming extends Exchange {
  readonly facts: RequestFacts
}

/** A request to the API that holds a slot, from either transport. */
interface AdmittedWork<Result> {
  readonly request: IncomingMessage
  readonly authorization: string | null
  readonly facts: RequestFacts
  readonly admitted: AdmittedRequest
  readonly accepted: Accepted
  /** Aborted once nobody waits for the answer. */
  readonly signal: AbortSignal
  /** Receives what the caller asks for: the function that does it, or the answer that refuses it. */
  readonly receive: (caller: Caller) => Promise<((context: ServerContext) => Promise<Result>) | Answer>
}

/** The media types of a subscription over WebSocket. */
const subscriptionTypes = acceptedTypes(`application/graphql-response+json, ${eventStream}`)

/** Most WebSockets whose token has not arrived, as a share of all connections, and at most. */
const pendingSockets = { share: 1 / 4, max: 256 } as const

/**
 * Builds the server. A request passes the steps of {@link answerRequest}, then those of {@link answerGraphQL} and
 * {@link startWork}, each in the order in which they are written. The first step that has an answer ends it.
 *
 * The file is long because requests and WebSockets share these steps, and their order is read in one place.
 */
export function createServer(parts: ServerParts, listener: Listener): Server {
  const tools = createTools(parts, listener)
  const { config, log, admission, bodies } = tools
  const sockets = createSockets(
    {
      connectionsMax: config.SUBSCRIPTIONS_MAX,
      // One, where subscriptions are switched off, so that the client is told.
      connectionsPerCallerMax: Math.max(1, config.SUBSCRIPTIONS_PER_CALLER_MAX),
      pendingMax: Math.max(1, Math.min(pendingSockets.max, config.CONNECTIONS_MAX * pendingSockets.share)),
      tokensMax: bodyTokensMax(config),
    },
    {
      connect: (opening) => connectSocket(opening, tools),
      subscribe: (asking) => subscribeOverSocket(asking, tools),
    },
  )
  const send = createSender({
    withinMs: config.REQUEST_TIMEOUT_MS,
    onFailure: ({ response, requestId }, error) => breakOff(response, requestId, error, log),
  })

  async function handle(incoming: Incoming): Promise<void> {
    const { response, facts } = incoming
    send({ response, requestId: facts.requestId }, await answerAndLog(incoming, tools))
  }

  return {
    serve() {
      listener.handleWith((request, response) => {
        endUnreadBody({ request, response })
        const requestId = requestIdOf(request)
        withRequestFacts(requestId, (facts) => handle({ request, response, facts })).catch((error) =>
          breakOff(response, requestId, error, log),
        )
      })
      listener.upgradeWith({
        accepts: (request) => acceptsWebSocket(request, tools),
        open: sockets.open,
      })
    },
    hasConsole: tools.console !== null,
    load: () => ({
      running: admission.running,
      queued: admission.admitted - admission.running + bodies.arriving,
    }),
    async close() {
      const finished = Promise.all([listener.close(), sockets.close(), admission.untilEmpty()])
      if (await settlesWithin(config.SHUTDOWN_TIMEOUT_MS, finished)) return { cutRequests: 0 }
      const cutRequests = Math.max(listener.unanswered, admission.admitted)
      await listener.cut()
      return { cutRequests }
    },
  }
}

function createTools(parts: ServerParts, listener: Listener): Tools {
  const { config, log, devTokens } = parts
  const hasGraphiql = config.GRAPHIQL === 'on' || (config.GRAPHIQL === 'auto' && config.developmentMode)
  const shed = createShedding(log)
  const pauses = createRefusalPauses()
  const console = openConsole(parts)
  const admission = createAdmission({
    runningMax: config.REQUESTS_UNDER_WAY_MAX,
    queuedMax: config.REQUESTS_WAITING_MAX,
    waitMs: config.REQUEST_WAIT_MS_MAX,
  })
  const clientAddressOf = createClientAddress(config, createForwardingWarning(log))
  const failureLimit = createFailureLimit(config)
  const session = {
    ...parts,
    personas: devTokens?.personas ?? [],
    assertAccepted: (token: string) => parts.authenticator.authenticate(`Bearer ${token}`),
    admission,
    failureLimit,
    shed,
    clientAddressOf,
  }
  return {
    ...parts,
    listener,
    graphql: createGraphQLByPath(parts, console),
    admission,
    callerLimit: createCallerLimit(config),
    failureLimit,
    loopTurns: createLoopTurns(),
    clientAddressOf,
    shed,
    pauses,
    bodies: createBodyReceiver(config, { shed, pauses }),
    cors: createCors(config.CORS_ORIGINS),
    console,
    consoleSession: console && createConsoleSession(session),
    jwks: createJwks({ ...parts, admission, shed, clientAddressOf }),
    devMode: devTokens && createDevMode(devTokens, config.CORS_ORIGINS),
    graphiqlPage: hasGraphiql ? openGraphiql({ withTour: devTokens !== null }) : null,
  }
}

function createGraphQLByPath(parts: ServerParts, console: Console | null): Tools['graphql'] {
  const { schema, subgraphSchema } = parts
  const consoleDocuments = console?.documents ?? null
  const answers = new Map([
    [graphqlPath, createGraphQL({ ...parts, otherSchema: subgraphSchema, consoleDocuments })],
  ])
  if (subgraphSchema !== null) {
    answers.set(
      subgraphPath,
      createGraphQL({ ...parts, schema: subgraphSchema, otherSchema: schema, consoleDocuments: null }),
    )
  }
  return answers
}

/** Answers a request, and logs it. */
async function answerAndLog(incoming: Incoming, tools: Tools): Promise<Answer> {
  const { request, facts } = incoming
  const { status, headers, body } = await logged(request, { facts, tools }, () =>
    answerRequest(incoming, tools),
  )
  const isError = body !== null && headers['content-type'] === undefined
  return {
    status,
    headers: {
      ...securityHeaders,
      'x-request-id': facts.requestId,
      ...(isError && { 'content-type': errorContentType(headerOf(request.headers, 'accept')) }),
      ...headers,
      ...(facts.route === graphqlPath && tools.cors?.headersFor(request)),
      ...((tools.listener.isClosing || isAwaitingContinue(request)) && { connection: 'close' }),
    },
    body,
  }
}

/** Runs the steps of a request, in a span if traces are on, and logs it. */
async function logged<Result extends { readonly status: number }>(
  { method, headers }: IncomingMessage,
  { facts, tools: { log, tracing, onRequest } }: { readonly facts: RequestFacts; readonly tools: Tools },
  run: () => Promise<Result | Answer>,
): Promise<Result | Answer> {
  const startedAtMs = performance.now()
  const answer = () => run().catch((error: unknown) => answerError(error, facts, log))
  const answered =
    tracing === null
      ? await answer()
      : await tracing.traceRequest(
          { method: method ?? '', traceparent: headerOf(headers, 'traceparent'), facts },
          answer,
        )
  const entry = { ...facts, status: answered.status, durationMs: performance.now() - startedAtMs }
  logRequest(log, entry)
  onRequest?.(entry)
  return answered
}

/** The steps of every request. */
async function answerRequest(incoming: Incoming, tools: Tools): Promise<Answer> {
  const { request, facts } = incoming
  const badFraming = refuseFraming(request)
  if (badFraming !== null) return badFraming
  const path = pathOf(request)
  if (path === null) {
    return errorAnswer(400, {
      code: 'BAD_REQUEST',
      message: 'The request target or Host header is malformed.',
    })
  }
  facts.route = routeOf(path, tools)
  if (facts.route === '/health/live') return liveAnswer()
  if (facts.route === '/health/ready') return answerReady(tools)
  return (
    tools.devMode?.(request, path) ??
    tools.jwks(request, path) ??
    tools.consoleSession?.(incoming, path) ??
    tools.console?.answer(request, path) ??
    redirectToPage(path, tools) ??
    refuseOtherPath(path, tools) ??
    refuseWebSocket(request, tools) ??
    (path === graphqlPath ? answerForPages(request, tools) : null) ??
    refuseMethod(request) ??
    refuseContent(request) ??
    answerGraphQL(incoming, tools)
  )
}

/** What answers GraphQL at a path that was found to be one of its own. */
function graphqlAt(path: string, { graphql }: Tools): GraphQL {
  const found = graphql.get(path)
  if (found === undefined) throw new TypeError('other paths are refused before')
  return found
}

function routeOf(path: string, { graphql, consoleSession }: Tools): string {
  if (graphql.has(path)) return path
  if (consoleSession !== null && path.startsWith(sessionPath)) return sessionPath
  if (path.startsWith(jwksPath)) return jwksPath
  return healthRouteOf(path) ?? 'other'
}

/** A stopping server is not ready, so that load balancers stop using it before the last connection is closed. */
async function answerReady({ listener, checkReady }: Tools): Promise<Answer> {
  return readyAnswer(listener.isClosing ? ['stop'] : await checkReady())
}

function redirectToPage(path: string, { graphiqlPage }: Tools): Answer | null {
  if (path !== '/' || graphiqlPage === null) return null
  return { status: 302, headers: { location: graphqlPath }, body: null }
}

function refuseOtherPath(path: string, { graphql }: Tools): Answer | null {
  if (graphql.has(path)) return null
  return errorAnswer(404, {
    code: 'BAD_REQUEST',
    message: `Unknown path. The API is at ${graphqlPath}.`,
  })
}

/** True if a request may open a WebSocket. One that may not is answered by the steps of every request. */
function acceptsWebSocket(request: IncomingMessage, { devMode, config, graphql }: Tools): boolean {
  const path = pathOf(request)
  return (
    wantsWebSocket(request) &&
    refuseFraming(request) === null &&
    path !== null &&
    graphql.has(path) &&
    (devMode === null || devMode(request, path) === null) &&
    (refuseForeignPage(request, config.CORS_ORIGINS) ?? refuseHandshake(request)) === null
  )
}

/** Tells why a request may not open a WebSocket; null for other requests. */
function refuseWebSocket(request: IncomingMessage, { config }: Tools): Answer | null {
  if (!wantsWebSocket(request)) return null
  const refusal = refuseForeignPage(request, config.CORS_ORIGINS) ?? refuseHandshake(request)
  if (refusal !== null) return refusal
  const message = 'The server is stopping. Connect again in a second.'
  return errorAnswer(503, { code: 'UNAVAILABLE', message, retryAfterSeconds: 1 })
}

/** The steps for web pages, which gateways have no use for. */
function answerForPages(request: IncomingMessage, tools: Tools): Answer | Promise<Answer> | null {
  return answerPage(request, tools) ?? tools.cors?.answerPreflight(request) ?? null
}

/** Loads GraphiQL at the first request for it: its text takes 60 MiB, and most servers never show it. */
function openGraphiql(options: { readonly withTour: boolean }): () => Promise<Answer> {
  let page: Promise<() => Answer> | null = null
  const open = async () => (await import('./graphiql.ts')).createGraphiqlPage(options)
  return async () => {
    page ??= open()
    return (await page)()
  }
}

function answerPage({ method, headers }: IncomingMessage, { graphiqlPage }: Tools): Promise<Answer> | null {
  if (method !== 'GET' || graphiqlPage === null) return null
  return (headerOf(headers, 'accept') ?? '').includes('text/html') ? graphiqlPage() : null
}

/** The steps of a request to the API. A client that prefers a stream gets refusals as its only event. */
async function answerGraphQL(incoming: Incoming, tools: Tools): Promise<Answer> {
  const { request, facts } = incoming
  const accepted = acceptedTypes(headerOf(request.headers, 'accept'))
  if (accepted === null) {
    const message = `The Accept header takes none of the media types that there are: ${mediaTypes.join(', ')}.`
    return errorAnswer(406, { code: 'BAD_REQUEST', message })
  }
  if (accepted.result !== eventStream) return answerAdmitted(incoming, accepted, tools)
  return asEvent(
    await answerAdmitted(incoming, accepted, tools).catch((error: unknown) =>
      answerError(error, facts, tools.log),
    ),
  )
}

/** The steps of a request up to its timeout. It holds a slot meanwhile. */
async function answerAdmitted(incoming: Incoming, accepted: Accepted, tools: Tools): Promise<Answer> {
  const { request, response } = incoming
  const admitted = tools.admission.admit()
  if (admitted === null) return tools.shed('full')
  const abandonment = abortOnClose(response)
  let work: Promise<Answer> | null = null
  try {
    const authorization = headerOf(request.headers, 'authorization')
    const receive = async (caller: Caller) => {
      const body = await tools.bodies.receive({ request, response }, { caller, admitted })
      return Buffer.isBuffer(body)
        ? (context: ServerContext) => graphqlAt(incoming.facts.route, tools).answer({ body, context })
        : body
    }
    const { signal } = abandonment
    const started = await startWork(
      { request, authorization, facts: incoming.facts, admitted, accepted, signal, receive },
      tools,
    )
    if ('status' in started) return started
    work = started.work
    const answer = await withinTimeout(work, abandonment, tools.config.REQUEST_TIMEOUT_MS)
    // A response still streaming no longer holds a slot. Streams have a limit of their own.
    if (answer.body instanceof ReadableStream) admitted.release()
    return answer
  } finally {
    releaseAfter({ work, response, admitted })
  }
}

/** The steps of an admitted request: the answer that refuses it, or the work on its operation. */
async function startWork<Result extends { readonly status: number }>(
  { request, authorization, facts, admitted, accepted, signal, receive }: AdmittedWork<Result>,
  tools: Tools,
): Promise<Answer | { work: Promise<Result> }> {
  const { config, tracing, shed } = tools
  const clientAddress = tools.clientAddressOf(request)
  const tokenCaller = await authenticate({ authorization, clientAddress, admitted }, tools)
  if (tokenCaller === null) return shed('full')
  if (!admitted.assign(callerKey(tokenCaller), tokenCaller.projectId)) return shed('share')
  const { charge, chargeWork } = tools.callerLimit.forRequest(tokenCaller)
  await charge(requestCost)
  // Only limits depend on it here. Whether roles cannot be read is told when the work begins.
  let caller = hasAnyAccess(tokenCaller)
    ? tokenCaller
    : await within(config.REQUEST_TIMEOUT_MS, tools.withBoundRoles(tokenCaller), () => tokenCaller).catch(
        () => tokenCaller,
      )
  const received = await receive(caller)
  if ('status' in received) return received
  if (!admitted.startNow() && !(await admitted.start(signal))) {
    return signal.aborted ? answerGone() : shed('waited')
  }
  const owner = { project: caller.projectId, caller: callerKey(caller), signal }
  const loopTurn = () => tools.loopTurns.next(owner)
  const { requestId } = facts
  const call = {
    get caller() {
      return caller
    },
    async refreshCaller() {
      caller = await tools.withBoundRoles(tokenCaller)
    },
    requestId,
    clientAddress,
    signal,
    charge: chargeWork,
    loopTurn,
  }
  const run = async () => {
    await call.refreshCaller()
    return received({ call, charge, accepted })
  }
  return { work: tracing === null ? run() : tracing.traceGraphQL(facts, run) }
}

/** Verifies the token of a WebSocket. Costs its caller as much as a request. */
async function connectSocket(opening: Opening, tools: Tools): Promise<Connected | Closing> {
  const { request, authorization } = opening
  return withRequestFacts(requestIdOf(request), async (facts) => {
    facts.route = pathOf(request) ?? graphqlPath
    const connected = await logged(request, { facts, tools }, async () => {
      const admitted = tools.admission.admit()
      if (admitted === null) return tools.shed('full')
      try {
        const clientAddress = tools.clientAddressOf(request)
        const caller = await authenticate({ authorization, clientAddress, admitted }, tools)
        if (caller === null) return tools.shed('full')
        await tools.callerLimit.forRequest(caller).charge(requestCost)
        return { status: 101, caller }
      } finally {
        admitted.release()
      }
    })
    if (!('caller' in connected)) return closingOf(connected, authorization !== null)
    const { caller } = connected
    const expiresInMs = caller.tokenExpiresAt.getTime() - tools.clock.now().getTime()
    return { owner: callerKey(caller), expiresInMs }
  })
}

/** How a connection is closed that this answer refuses. */
function closingOf({ status, body }: Answer, hasToken: boolean): Closing {
  const { errors } = JSON.parse(typeof body === 'string' ? body : '') as {
    readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
  }
  const reason = errors.map(({ message, extensions: { code } }) => `${code}: ${message}`).join(' ')
  return { code: closeCodeOf(status, hasToken), reason }
}

/** The steps of a subscription over WebSocket. It holds a slot until it has begun. */
async function subscribeOverSocket(
  { request, authorization, parameters, abandonment }: Asking,
  tools: Tools,
): Promise<Subscribed | Answer> {
  return withRequestFacts(requestIdOf(request), (facts) => {
    facts.route = pathOf(request) ?? graphqlPath
    return logged(request, { facts, tools }, async () => {
      const admitted = tools.admission.admit()
      if (admitted === null) return tools.shed('full')
      const { signal } = abandonment
      const receive = async () => (context: ServerContext) =>
        graphqlAt(facts.route, tools).subscribe({ parameters, context })
      let work: Promise<Subscribed | Answer> | null = null
      try {
        const accepted = subscriptionTypes as Accepted
        const started = await startWork(
          { request, authorization, facts, admitted, accepted, signal, receive },
          tools,
        )
        if ('status' in started) return started
        work = started.work
        return await withinTimeout(work, abandonment, tools.config.REQUEST_TIMEOUT_MS)
      } finally {
        const release = () => admitted.release()
        if (work === null) release()
        else work.then(release, release)
      }
    })
  })
}

/** Finds the caller; null if there are too many unauthenticated requests. A token that is not known yet is verified. */
async function authenticate(
  {
    authorization,
    clientAddress,
    admitted,
  }: { authorization: string | null; clientAddress: string | null; admitted: AdmittedRequest },
  { authenticator, failureLimit, pauses }: Tools,
): Promise<Caller | null> {
  const known = authenticator.recognise(authorization)
  if (known !== null) return known
  const isExpected = authenticator.expects(authorization)
  if (!admitted.markUnauthenticated(isExpected)) return null
  if (!authorization) return authenticator.authenticate(authorization)
  // Others at the address of a known caller cannot lock it out.
  if (!isExpected) {
    await failureLimit.check(clientAddress).catch((error: unknown) => refuseLater(error, admitted, pauses))
  }
  try {
    return await authenticator.authenticate(authorization)
  } catch (error) {
    if (isUnauthenticated(error) && (await failureLimit.count(clientAddress))) {
      await refuseLater(error, admitted, pauses)
    }
    throw error
  }
}

/** Throws an error after a pause, without a slot: a flood of bad tokens is a client that goes on regardless. */
async function refuseLater(error: unknown, admitted: AdmittedRequest, pauses: RefusalPauses): Promise<never> {
  admitted.release()
  await pauses.wait()
  throw error
}

/** Nobody waits for the answer any more. Ends the rest of the work; no client sees this error. */
class AbandonedError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
}

/** Builds a controller that is aborted if the client leaves without an answer. */
function abortOnClose(response: ServerResponse): AbortController {
  const abandonment = new AbortController()
  const abort = () => {
    if (!response.writableFinished) abandonment.abort(new AbandonedError('The client is gone.'))
  }
  if (response.closed) abort()
  else response.once('close', abort)
  return abandonment
}

/** The result, or a 503 after the timeout, which also aborts the rest of the work. */
function withinTimeout<Result extends Answer | Subscribed>(
  work: Promise<Result>,
  abandonment: AbortController,
  timeoutMs: number,
): Promise<Result | Answer> {
  return within(timeoutMs, work, () => {
    abandonment.abort(new AbandonedError('The request has timed out.'))
    // A stream that comes later has no reader.
    work
      .then(async (result) => {
        if ('results' in result) await result.results[Symbol.asyncIterator]().return?.()
        else dropStream(result.body)
      })
      .catch(() => {})
    const message = `The request took longer than ${timeoutMs} milliseconds. Check whether the change was applied before retrying.`
    return errorAnswer(503, { code: 'UNAVAILABLE', message })
  })
}

/**
 * Releases the slot once the work has ended and the response is closed. Work that goes on after a timeout, or without its
 * client, takes memory and connections to the database as before. So does an answer that its client does not read.
 */
function releaseAfter({
  work,
  response,
  admitted,
}: {
  work: Promise<Answer> | null
  response: ServerResponse
  admitted: AdmittedRequest
}): void {
  let open = 2
  const end = () => {
    if (--open === 0) admitted.release()
  }
  const endWork = () => {
    admitted.finish()
    end()
  }
  if (work === null) endWork()
  else work.then(endWork, endWork)
  if (response.closed) end()
  else response.once('close', end)
}

function answerError(error: unknown, { requestId }: RequestFacts, log: Log): Answer {
  if (error instanceof RateLimitedError) {
    noteRefusal(error.refusal)
    return errorAnswer(429, error)
  }
  if (isUnauthenticated(error)) {
    const { challenge = 'Bearer', refusal } = error as { challenge?: string; refusal?: TokenFacts }
    noteRefusedToken(refusal ?? { reason: error.message, entry: null, rule: null })
    return errorAnswer(401, error, { 'www-authenticate': challenge })
  }
  if (error instanceof KeysteadError) return errorAnswer(error.code === 'UNAVAILABLE' ? 503 : 400, error)
  log.error({ requestId, error: nameOf(error) }, 'a request failed')
  return errorAnswer(500, {
    code: 'INTERNAL',
    message: `Internal error. Details are in the server log under ${requestId}.`,
  })
}

/** Closes the connection of a request that cannot be answered. */
function breakOff(response: ServerResponse, requestId: string, error: unknown, log: Log): void {
  log.error({ requestId, error: nameOf(error) }, 'an answer could not be sent')
  response.destroy()
}

/** Name of an error for the log. Its message may contain anything. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

function isUnauthenticated(error: unknown): error is KeysteadError {
  return error instanceof KeysteadError && error.code === 'UNAUTHENTICATED'
}
