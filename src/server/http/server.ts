import type { GraphQLSchema } from 'graphql'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import type { Call, Caller } from '../../keys/rules/caller.ts'
import type { Log } from '../../log.ts'
import { settlesWithin } from '../../timeout.ts'
import { requestCost } from '../graphql/cost.ts'
import { createGraphQL } from '../graphql/graphql.ts'
import { graphqlPath } from '../graphql/yoga.ts'
import { type Abandonment, watchAbandonment } from '../load/abandonment.ts'
import { createAdmission, type Visit } from '../load/admission.ts'
import { callerKey, createCallerLimit, createFailureLimit, RateLimitedError } from '../load/caller-limit.ts'
import { answerGone, createShedding } from '../load/shedding.ts'
import { noteReason, noteRefusal, type RequestFacts, withRequestFacts } from '../observe/request-facts.ts'
import { type AnsweredRequest, logRequest } from '../observe/request-log.ts'
import type { Tracing } from '../observe/tracing.ts'
import { type Answer, errorAnswer, headerOf, requestIdOf, securityHeaders } from './answer.ts'
import { createClientAddress, createForwardingWarning } from './client-address.ts'
import { createCors } from './cors.ts'
import { answerTokenRequest, type DevTokens, refuseForeignPages } from './dev-mode.ts'
import { dropStream } from './event-stream.ts'
import { createGraphiqlPage } from './graphiql.ts'
import { healthRouteOf, liveAnswer, type Part, readyAnswer } from './health.ts'
import type { Listener } from './listener.ts'
import { type Accepted, acceptedTypes, errorContentType, mediaTypes } from './media-type.ts'
import { createBodyReceiver, type Exchange, endUnreadBody, isAwaitingContinue } from './receive-body.ts'
import { pathOf, refuseContent, refuseFraming } from './request-head.ts'
import { type Addressee, createSender } from './send.ts'

/** What the HTTP server is built from. */
export interface ServerParts {
  readonly config: Config
  readonly log: Log
  readonly schema: GraphQLSchema
  readonly createContext: (call: Call) => object
  /** Throws errors with a code UNAUTHENTICATED and a `challenge`, or UNAVAILABLE. */
  readonly authenticator: Authenticator
  /** Null outside of development mode. */
  readonly devTokens: DevTokens | null
  /** The parts that keep the server from its work now. */
  readonly checkReady: () => Promise<readonly Part[]>
  readonly tracing: Tracing
  /** The product's own error for one that a part threw, such as the database's; null if there is none. */
  readonly explain: (error: unknown) => KeysteadError | null
  /** Told of each request that was answered. Must not throw. */
  readonly onRequest?: (request: AnsweredRequest) => void
}

/** Finds out who asks. */
interface Authenticator {
  authenticate(authorization: string | null): Promise<Caller>
  /** Null for a token that has to be verified first. */
  recognise(authorization: string | null): Caller | null
  /** Whether the token names a caller that was verified before, without verifying that. */
  expects(authorization: string | null): boolean
}

/** Requests to the API at the moment. */
export interface Load {
  readonly underWay: number
  /** Those that are being read, or wait to be worked on. */
  readonly waiting: number
}

/** The HTTP server. */
export interface Server {
  /** Begins to answer the requests that the listener takes. */
  serve(): void
  load(): Load
  /** Takes no new connections, and answers accepted requests within a limit; tells how many requests were cut off. */
  close(): Promise<{ readonly cutRequests: number }>
}

/** What is known of a request that has a place. */
interface Admitted {
  readonly visit: Visit
  readonly abandonment: Abandonment
  readonly accepted: Accepted
}

/** Builds the server: the ordered list of steps through which each request goes. */
export function createServer(parts: ServerParts, listener: Listener): Server {
  const { config, log, devTokens, checkReady, tracing } = parts
  const answerDocument = createGraphQL(parts)
  const hasGraphiql = config.GRAPHIQL === 'on' || (config.GRAPHIQL === 'auto' && config.developmentMode)
  const admission = createAdmission({
    underWayMax: config.REQUESTS_UNDER_WAY_MAX,
    waitingMax: config.REQUESTS_WAITING_MAX,
    waitMs: config.REQUEST_WAIT_MS_MAX,
  })
  const callerLimit = createCallerLimit(config)
  const failureLimit = createFailureLimit(config)
  const clientAddressOf = createClientAddress(config, createForwardingWarning(log))
  const shed = createShedding(log)
  const bodies = createBodyReceiver(config, shed)
  const cors = createCors(config.CORS_ORIGINS)
  const send = createSender({ withinMs: config.REQUEST_TIMEOUT_MS, onFailure: giveUp })
  const graphiqlPage = hasGraphiql ? createGraphiqlPage({ withTour: devTokens !== null }) : null

  async function answer(exchange: Exchange, facts: RequestFacts): Promise<Answer> {
    const { request } = exchange
    const badFraming = refuseFraming(request)
    if (badFraming !== null) return badFraming
    const path = pathOf(request)
    if (path === null) {
      return errorAnswer(400, { code: 'BAD_REQUEST', message: 'The address of the request cannot be read.' })
    }
    const health = healthRouteOf(path)
    if (health !== null) facts.route = health
    if (path === graphqlPath) facts.route = graphqlPath
    if (health === '/health/live') return liveAnswer()
    if (health === '/health/ready') return answerReady()
    const refusal = devTokens === null ? null : refuseForeignPages(request, config.CORS_ORIGINS)
    if (refusal !== null) return refusal
    if (devTokens !== null && request.method === 'GET' && /^\/dev\/tokens(\/|$)/.test(path)) {
      return answerTokenRequest(path, devTokens)
    }
    if (path === '/' && graphiqlPage !== null) {
      return { status: 302, headers: { location: graphqlPath }, body: null }
    }
    if (path !== graphqlPath) {
      return errorAnswer(404, {
        code: 'BAD_REQUEST',
        message: `There is nothing here; the API is at ${graphqlPath}.`,
      })
    }
    return answerGraphQL(exchange, facts)
  }

  async function answerGraphQL({ request, response }: Exchange, facts: RequestFacts): Promise<Answer> {
    const { method, headers } = request
    const wantsPage = method === 'GET' && (headerOf(headers, 'accept') ?? '').includes('text/html')
    if (wantsPage && graphiqlPage !== null) return graphiqlPage()
    const preflight = cors.answerPreflight(request)
    if (preflight !== null) return preflight
    if (method !== 'POST') {
      const message = 'GraphQL is answered to POST requests only, also for queries.'
      return errorAnswer(405, { code: 'BAD_REQUEST', message }, { allow: 'POST' })
    }
    const badContent = refuseContent(request)
    if (badContent !== null) return badContent
    const accepted = acceptedTypes(headerOf(headers, 'accept'))
    if (accepted === null) {
      const message = `The Accept header takes none of the media types that there are: ${mediaTypes.join(', ')}.`
      return errorAnswer(406, { code: 'BAD_REQUEST', message })
    }
    const visit = admission.enter()
    if (visit === null) return shed('full')
    const abandonment = watchAbandonment(response)
    let work: Promise<Answer> | null = null
    try {
      const answered = await answerVisitor({ request, response }, facts, { visit, abandonment, accepted })
      if ('status' in answered) return answered
      work = answered.work
      const answer = await withTimeout(work, abandonment)
      // One that goes on being sent is no work, and those have a limit of their own.
      if (answer.body instanceof ReadableStream) visit.leave()
      return answer
    } finally {
      // Not before the work has ended, also where its client has gone or was told that it took too long: what had
      // begun by then is finished, and takes memory and connections to the database as before. And not before the
      // client has its answer, which takes memory for as long as it does not read.
      let reasonsToStay = 2
      const leave = () => {
        if (--reasonsToStay === 0) visit.leave()
      }
      const endWork = () => {
        visit.endTurn()
        leave()
      }
      if (work === null) endWork()
      else work.then(endWork, endWork)
      if (response.closed) leave()
      else response.once('close', leave)
    }
  }

  /** The answer to a request that was let in, or the work on it, which ends when there is an answer. */
  async function answerVisitor(
    { request, response }: Exchange,
    facts: RequestFacts,
    { visit, abandonment: { signal }, accepted }: Admitted,
  ): Promise<Answer | { work: Promise<Answer> }> {
    const { headers } = request
    const clientAddress = clientAddressOf(request)
    const authorization = headerOf(headers, 'authorization')
    const known = parts.authenticator.recognise(authorization)
    const isExpected = known !== null || parts.authenticator.expects(authorization)
    if (known === null && !visit.beStranger(isExpected)) return shed('full')
    const caller = known ?? (await authenticate(authorization, { clientAddress, isExpected }))
    if (!visit.belongTo(callerKey(caller), caller.projectId)) return shed('share')
    await callerLimit.charge(caller, requestCost)
    const body = await bodies.receive({ request, response }, { caller, visit })
    if (!Buffer.isBuffer(body)) return body
    if (!visit.turnAtOnce() && !(await visit.turn(signal))) {
      return signal.aborted ? answerGone() : shed('waited')
    }
    const call = {
      caller,
      requestId: facts.requestId,
      clientAddress,
      signal,
      charge: (units: number) => callerLimit.chargeWork(caller, units),
    }
    const charge = (cost: number) => callerLimit.charge(caller, cost, requestCost)
    const work = tracing.traceGraphQL(facts, () =>
      answerDocument({ body, context: { call, charge, accepted } }),
    )
    return { work }
  }

  /** Verifies a token. Callers that were verified before are not refused for what others at their address send. */
  async function authenticate(
    authorization: string | null,
    { clientAddress, isExpected }: { clientAddress: string | null; isExpected: boolean },
  ): Promise<Caller> {
    if (!authorization) return parts.authenticator.authenticate(authorization)
    if (!isExpected) await failureLimit.check(clientAddress)
    try {
      return await parts.authenticator.authenticate(authorization)
    } catch (error) {
      if (isUnauthenticated(error)) await failureLimit.count(clientAddress)
      throw error
    }
  }

  function withTimeout(answering: Promise<Answer>, abandonment: Abandonment): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `The request took longer than ${config.REQUEST_TIMEOUT_MS} milliseconds. Before you repeat a change, look whether it took effect.`
        resolve(errorAnswer(503, { code: 'UNAVAILABLE', message }))
        abandonment.timeOut()
        // A stream that comes later has nobody to read it.
        answering.then(
          ({ body }) => dropStream(body),
          () => {},
        )
      }, config.REQUEST_TIMEOUT_MS)
      answering.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  async function answerReady(): Promise<Answer> {
    // Whoever spreads the load must look elsewhere before the last connection is closed.
    return readyAnswer(listener.isClosing ? ['stop'] : await checkReady())
  }

  async function answerAndTell(exchange: Exchange, facts: RequestFacts): Promise<void> {
    const { request, response } = exchange
    const { requestId } = facts
    const startedAtMs = performance.now()
    const traceparent = headerOf(request.headers, 'traceparent')
    const { status, headers, body } = await tracing.traceRequest(
      { method: request.method ?? '', traceparent, facts },
      () => answer(exchange, facts).catch((error: unknown) => answerError(error, requestId)),
    )
    const answered = { ...facts, status, durationMs: performance.now() - startedAtMs }
    logRequest(log, answered)
    parts.onRequest?.(answered)
    const isError = body !== null && headers['content-type'] === undefined
    const all = {
      ...securityHeaders,
      'x-request-id': requestId,
      ...(isError && { 'content-type': errorContentType(headerOf(request.headers, 'accept')) }),
      ...headers,
      ...(facts.route === graphqlPath && cors.headersFor(request)),
      ...((listener.isClosing || isAwaitingContinue(request)) && { connection: 'close' }),
    }
    send({ response, requestId }, { status, headers: all, body })
  }

  function answerError(error: unknown, requestId: string): Answer {
    if (error instanceof RateLimitedError) {
      noteRefusal(error.refusal)
      return errorAnswer(429, error)
    }
    if (isUnauthenticated(error)) {
      noteReason(error.message)
      const { challenge = 'Bearer' } = error as { challenge?: string }
      return errorAnswer(401, error, { 'www-authenticate': challenge })
    }
    if (error instanceof KeysteadError) return errorAnswer(error.code === 'UNAVAILABLE' ? 503 : 400, error)
    log.error({ requestId, error: nameOf(error) }, 'a request failed')
    return errorAnswer(500, {
      code: 'INTERNAL',
      message: `Something is wrong with the server. Its operator finds the cause in the log under ${requestId}.`,
    })
  }

  function giveUp({ response, requestId }: Addressee, error: unknown): void {
    log.error({ requestId, error: nameOf(error) }, 'an answer could not be sent')
    response.destroy()
  }

  return {
    serve() {
      listener.handleWith((request, response) => {
        endUnreadBody({ request, response })
        const requestId = requestIdOf(request)
        withRequestFacts(requestId, (facts) => answerAndTell({ request, response }, facts)).catch((error) =>
          giveUp({ response, requestId }, error),
        )
      })
    },
    load: () => ({
      underWay: admission.underWay,
      waiting: admission.inside - admission.underWay + bodies.arriving,
    }),
    async close() {
      const finished = Promise.all([listener.close(), admission.empty()])
      if (await settlesWithin(config.SHUTDOWN_TIMEOUT_MS, finished)) return { cutRequests: 0 }
      const cutRequests = Math.max(listener.unanswered, admission.inside)
      await listener.cut()
      return { cutRequests }
    },
  }
}

/** What of an error may be in the log: its message can hold anything. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

function isUnauthenticated(error: unknown): error is KeysteadError {
  return error instanceof KeysteadError && error.code === 'UNAUTHENTICATED'
}
