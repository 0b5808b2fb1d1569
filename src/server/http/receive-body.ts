import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '../../config.ts'
import { type Caller, hasAnyAccess } from '../../keys/rules/caller.ts'
import type { Visit } from '../load/admission.ts'
import { type ArrivingBodies, type BodyOwner, createArrivingBodies } from '../load/arriving-bodies.ts'
import { callerKey } from '../load/caller-limit.ts'
import { pauseBeforeRefusal } from '../load/refusal-pause.ts'
import { answerGone, type Shed } from '../load/shedding.ts'
import { type Answer, errorAnswer } from './answer.ts'
import { bodyBytesMax, bodyTokensMax, hasMoreTokens } from './body.ts'
import { expectsContinue } from './request-head.ts'

/** A request and the response to it, which is closed as soon as its client has it, or has gone. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Receives the bodies of requests. */
export interface BodyReceiver {
  /** Bodies that are arriving now. */
  readonly arriving: number
  /** The body, or the answer that refuses it. */
  receive(exchange: Exchange, sender: Sender): Promise<Buffer | Answer>
}

/** Whose body it is, and the place that the request has. */
export interface Sender {
  readonly caller: Caller
  readonly visit: Visit
}

/** What may arrive of a body, and how. */
interface BodyLimits {
  readonly bytesMax: number
  readonly withinMs: number
  readonly arriving: ArrivingBodies
}

/** Why a body was not received. */
type Failure = 'too large' | 'too many tokens' | 'too slow' | 'no room' | 'gone'

/** The parts of all places as many bodies as which may be arriving: such as have just begun, and such as take longer. */
const parts = { early: 1 / 2, slots: 1 / 4 } as const
/** The part of these that callers without a role have in addition, and what may arrive of their bodies. */
const withoutRole = { part: 1 / 4, bytesMax: 65_536, withinMs: 1000 } as const
/** Bodies that may have just begun however few places there are. */
const earlyMin = 8
/** How long after its answer a client may go on sending a body that nobody reads, before it loses the connection. */
const unreadBodyMs = 2000

/**
 * Builds what receives the bodies of requests. A body that came together with its head is there at once. Others may
 * arrive for a limited time, few of them at once, and their requests have no place meanwhile. A caller without a role,
 * whose requests are short or refused, gets less of all that.
 */
export function createBodyReceiver(config: Config, shed: (reason: Shed) => Answer): BodyReceiver {
  const tokensMax = bodyTokensMax(config)
  const places = config.REQUESTS_UNDER_WAY_MAX + config.REQUESTS_WAITING_MAX
  const usual: BodyLimits = {
    bytesMax: bodyBytesMax(config),
    withinMs: config.REQUEST_TIMEOUT_MS,
    arriving: arrivingBodies(places),
  }
  const unauthorised: BodyLimits = {
    bytesMax: Math.min(withoutRole.bytesMax, usual.bytesMax),
    withinMs: Math.min(withoutRole.withinMs, usual.withinMs),
    arriving: arrivingBodies(places * withoutRole.part),
  }

  function answerFailure(failure: Failure, { bytesMax, withinMs, arriving }: BodyLimits): Answer {
    if (failure === 'gone') return answerGone()
    if (failure === 'no room') return shed('bodies')
    if (arriving === unauthorised.arriving) {
      const message = `The token gives no role. Without one, a body may have ${bytesMax} bytes and must arrive within ${withinMs} milliseconds. Ask an administrator of the project for a role.`
      return errorAnswer(403, { code: 'FORBIDDEN', message }, { connection: 'close' })
    }
    if (failure === 'too large') {
      const message = `The body has more than ${bytesMax} bytes. Send smaller batches.`
      return errorAnswer(413, { code: 'PAYLOAD_TOO_LARGE', message }, { connection: 'close' })
    }
    if (failure === 'too many tokens') {
      const message = `The body has more than ${tokensMax} JSON tokens: names, texts, and characters that begin or separate values. Send smaller batches.`
      return errorAnswer(413, { code: 'PAYLOAD_TOO_LARGE', message })
    }
    const message = `The body did not arrive within ${withinMs} milliseconds. Nothing was done; send it faster, or in smaller batches.`
    return errorAnswer(408, { code: 'BAD_REQUEST', message }, { connection: 'close' })
  }

  return {
    get arriving() {
      return usual.arriving.count + unauthorised.arriving.count
    },
    async receive(exchange, { caller, visit }) {
      const limits = hasAnyAccess(caller) ? usual : unauthorised
      if (!exchange.request.complete) visit.leavePlace()
      const owner = { caller: callerKey(caller), project: caller.projectId }
      const received = await receive(exchange, owner, limits)
      if (typeof received === 'string') return answerFailure(received, limits)
      if (hasMoreTokens(received, tokensMax)) {
        // To read the next such body costs the event loop as much as this one.
        visit.leave()
        await pauseBeforeRefusal()
        return answerFailure('too many tokens', limits)
      }
      return visit.retakePlace() ? received : shed('full')
    },
  }
}

function arrivingBodies(places: number): ArrivingBodies {
  return createArrivingBodies({
    earlyMax: Math.max(earlyMin, Math.floor(places * parts.early)),
    slotsMax: Math.max(1, Math.floor(places * parts.slots)),
  })
}

function receive(
  { request, response }: Exchange,
  owner: BodyOwner,
  { bytesMax, withinMs, arriving }: BodyLimits,
): Promise<Buffer | Failure> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return Promise.resolve('too large')
  if (request.complete) return collect(request, bytesMax).result
  const { result, fail } = collect(request, bytesMax)
  const giveBack = arriving.hold(owner, () => fail('no room'))
  if (giveBack === null) {
    fail('no room')
    return result
  }
  if (isAwaitingContinue(request)) response.writeContinue()
  // What has arrived while the server was busy is read before the time counts as over.
  const timer = setTimeout(() => setImmediate(fail, 'too slow'), withinMs)
  return result.finally(() => {
    clearTimeout(timer)
    giveBack()
  })
}

/** Collects a body until it ends or fails. What comes after that is not read. */
function collect(
  request: IncomingMessage,
  bytesMax: number,
): { readonly result: Promise<Buffer | Failure>; readonly fail: (failure: Failure) => void } {
  const { promise: result, resolve } = Promise.withResolvers<Buffer | Failure>()
  const chunks: Buffer[] = []
  let bytes = 0
  let hasEnded = false
  const collectChunk = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) fail('too large')
    else chunks.push(chunk)
  }
  const fail = (failure: Failure) => {
    if (hasEnded) return
    hasEnded = true
    request.off('data', collectChunk)
    request.pause()
    resolve(failure)
  }
  const breakOff = () => fail('gone')
  // By events rather than as an iterator, which costs more than all else that is done to read a short body.
  request.on('data', collectChunk)
  request.once('end', () => {
    hasEnded = true
    const [first] = chunks
    resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks))
  })
  request.once('error', breakOff)
  // Comes after the end, too, and changes nothing then.
  request.once('close', breakOff)
  // May have happened before anybody listened.
  if (request.destroyed) breakOff()
  return { result, fail }
}

/** Whether the client still holds its body back: after its answer it may send that, or the next request. */
export function isAwaitingContinue({ headers, complete }: IncomingMessage): boolean {
  return !complete && expectsContinue(headers.expect)
}

/** Ends the connection of a client that has its answer and goes on with a body that nobody reads. */
export function endUnreadBody({ request, response }: Exchange): void {
  response.once('finish', () => {
    if (request.complete) return
    const timer = setTimeout(() => request.socket.destroy(), unreadBodyMs)
    for (const event of ['end', 'close']) request.once(event, () => clearTimeout(timer))
  })
}
