import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '../../config.ts'
import { type Caller, hasAnyAccess } from '../../keys/rules/caller.ts'
import { type Answer, errorAnswer } from '../answer.ts'
import type { AdmittedRequest } from '../load/admission.ts'
import { callerKey } from '../load/rate-limit.ts'
import { answerGone, type RefusalPauses, type Shed } from '../load/shedding.ts'
import { expectsContinue } from './request-head.ts'

/** A request and its response, which is closed once the client has received it or is gone. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Receives the bodies of requests. */
export interface BodyReceiver {
  /** Number of bodies that are arriving. */
  readonly arriving: number
  /** Resolves to the body, or to the answer that refuses it. */
  receive(exchange: Exchange, sender: Sender): Promise<Buffer | Answer>
}

/** Caller that sends a body, and its admitted request. */
interface Sender {
  readonly caller: Caller
  readonly admitted: AdmittedRequest
}

/** Limits of a body. */
interface BodyLimits {
  readonly bytesMax: number
  readonly withinMs: number
  readonly arriving: ArrivingBodies
}

/** Why a body was not received. */
type Failure = 'too large' | 'too many tokens' | 'too slow' | 'no room' | 'gone'

/** Arriving bodies as a share of all slots for requests: early ones, and ones that take longer. */
const shares = { early: 1 / 2, slots: 1 / 4 } as const
/** Callers without a role have this share of those in addition, and smaller limits. */
const withoutRole = { share: 1 / 4, bytesMax: 65_536, withinMs: 1000 } as const
/** Least number of early bodies, however few slots there are. */
const earlyMin = 8
/** How long a client may keep sending a body after its answer before its connection is closed, in milliseconds. */
const unreadBodyMs = 2000

/** Length of base64 in relation to its bytes. */
const base64Factor = 4 / 3
/** Overhead of each item of a batch: JSON names, IDs, the reference, and the growth from plaintext to ciphertext. */
const itemOverheadBytes = 2048
/** Overhead of the document and of everything that is no batch. */
const requestOverheadBytes = 65_536

/** Largest body of a request. It follows from the limits of batches, so that any result of `encryptBatch` fits `decryptBatch`. */
export function bodyBytesMax(config: Pick<Config, 'BATCH_BYTES_MAX' | 'BATCH_ITEMS_MAX'>): number {
  const { BATCH_BYTES_MAX, BATCH_ITEMS_MAX } = config
  return (
    Math.ceil(BATCH_BYTES_MAX * base64Factor + BATCH_ITEMS_MAX * itemOverheadBytes) + requestOverheadBytes
  )
}

/**
 * Builds the receiver of bodies. A body that came together with its head is there at once. Others may arrive for a limited
 * time, few of them at once, and their requests yield their slots meanwhile. Callers without a role have smaller limits:
 * their requests are short or refused.
 */
export function createBodyReceiver(
  config: Config,
  { shed, pauses }: { readonly shed: (reason: Shed) => Answer; readonly pauses: RefusalPauses },
): BodyReceiver {
  const tokensMax = bodyTokensMax(config)
  const slots = config.REQUESTS_UNDER_WAY_MAX + config.REQUESTS_WAITING_MAX
  const usual: BodyLimits = {
    bytesMax: bodyBytesMax(config),
    withinMs: config.REQUEST_TIMEOUT_MS,
    arriving: arrivingBodies(slots),
  }
  const unauthorised: BodyLimits = {
    bytesMax: Math.min(withoutRole.bytesMax, usual.bytesMax),
    withinMs: Math.min(withoutRole.withinMs, usual.withinMs),
    arriving: arrivingBodies(slots * withoutRole.share),
  }

  function answerFailure(failure: Failure, { bytesMax, withinMs, arriving }: BodyLimits): Answer {
    if (failure === 'gone') return answerGone()
    if (failure === 'no room') return shed('bodies')
    if (arriving === unauthorised.arriving) {
      const message = `You have no role in this project. Without one, a body may have ${bytesMax} bytes and must arrive within ${withinMs} milliseconds. Ask an administrator of the project for a role.`
      return errorAnswer(403, { code: 'FORBIDDEN', message }, { connection: 'close' })
    }
    if (failure === 'too large') {
      const message = `The body has more than ${bytesMax} bytes. Send smaller batches.`
      return errorAnswer(413, { code: 'PAYLOAD_TOO_LARGE', message }, { connection: 'close' })
    }
    if (failure === 'too many tokens') {
      const message = `The body has more than ${tokensMax} JSON tokens: names, strings, and characters that begin or separate values. Send smaller batches.`
      return errorAnswer(413, { code: 'PAYLOAD_TOO_LARGE', message })
    }
    const message = `The body did not arrive within ${withinMs} milliseconds. Nothing was done; send it faster, or in smaller batches.`
    return errorAnswer(408, { code: 'BAD_REQUEST', message }, { connection: 'close' })
  }

  async function receiveParsable(
    exchange: Exchange,
    owner: BodyOwner,
    limits: BodyLimits,
  ): Promise<Buffer | Failure> {
    const received = await receive(exchange, owner, limits)
    return typeof received !== 'string' && hasMoreTokens(received, tokensMax) ? 'too many tokens' : received
  }

  return {
    get arriving() {
      return usual.arriving.count + unauthorised.arriving.count
    },
    async receive(exchange, { caller, admitted }) {
      const limits = hasAnyAccess(caller) ? usual : unauthorised
      if (!exchange.request.complete) admitted.yieldSlot()
      const owner = { caller: callerKey(caller), project: caller.projectId }
      const received = await receiveParsable(exchange, owner, limits)
      if (received === 'too many tokens') {
        // Reading the next such body costs the event loop as much as this one.
        admitted.release()
        await pauses.wait()
      }
      if (typeof received === 'string') return answerFailure(received, limits)
      return admitted.retakeSlot() ? received : shed('full')
    },
  }
}

function arrivingBodies(slots: number): ArrivingBodies {
  return createArrivingBodies({
    earlyMax: Math.max(earlyMin, Math.floor(slots * shares.early)),
    slotsMax: Math.max(1, Math.floor(slots * shares.slots)),
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
  // Data that arrived while the server was busy is read before the timeout counts.
  const timer = setTimeout(() => setImmediate(fail, 'too slow'), withinMs)
  return result.finally(() => {
    clearTimeout(timer)
    giveBack()
  })
}

/** Collects a body until it ends or fails. Further data is not read. */
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
  const abort = () => fail('gone')
  // An iterator would cost more than everything else that reads a short body.
  request.on('data', collectChunk)
  request.once('end', () => {
    hasEnded = true
    const [first] = chunks
    resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks))
  })
  request.once('error', abort)
  // Also emitted after the end, where it changes nothing.
  request.once('close', abort)
  // May have happened before the listeners were added.
  if (request.destroyed) abort()
  return { result, fail }
}

/** Receives the short body of a client that is not known, or resolves to the answer that refuses it. */
export async function receiveShortBody(
  { request, response }: Exchange,
  { bytesMax, withinMs }: { readonly bytesMax: number; readonly withinMs: number },
): Promise<Buffer | Answer> {
  const { result, fail } = collect(request, bytesMax)
  if (isAwaitingContinue(request)) response.writeContinue()
  const timer = setTimeout(() => setImmediate(fail, 'too slow'), withinMs)
  const received = await result.finally(() => clearTimeout(timer))
  if (received === 'gone') return answerGone()
  if (typeof received !== 'string') return received
  const message = `A body here may have ${bytesMax} bytes and must arrive within ${withinMs} milliseconds.`
  return received === 'too large'
    ? errorAnswer(413, { code: 'PAYLOAD_TOO_LARGE', message }, { connection: 'close' })
    : errorAnswer(408, { code: 'BAD_REQUEST', message }, { connection: 'close' })
}

/** True if the client has not sent its body yet. After its answer it may send that, or the next request. */
export function isAwaitingContinue({ headers, complete }: IncomingMessage): boolean {
  return !complete && expectsContinue(headers.expect)
}

/** Closes the connection of a client that has its answer and keeps sending a body that nobody reads. */
export function endUnreadBody({ request, response }: Exchange): void {
  response.once('finish', () => {
    if (request.complete) return
    const timer = setTimeout(() => request.socket.destroy(), unreadBodyMs)
    for (const event of ['end', 'close']) request.once(event, () => clearTimeout(timer))
  })
}

/** JSON tokens that a body may have. An item of a batch has up to 20. */
const tokensMin = 25_000
const tokensPerItem = 50

/** The most JSON tokens that a body may have. */
export function bodyTokensMax({ BATCH_ITEMS_MAX }: Pick<Config, 'BATCH_ITEMS_MAX'>): number {
  return Math.max(tokensMin, BATCH_ITEMS_MAX * tokensPerItem)
}

const quote = 0x22
const backslash = 0x5c

/** Whether a byte begins or separates values in JSON: one of `{[,:`. */
function isSeparator(byte: number | undefined): boolean {
  return byte === 0x2c || byte === 0x3a || byte === 0x7b || byte === 0x5b
}

/**
 * Whether JSON has more tokens than that: names, strings, and characters that begin or separate values. Counted without
 * parsing, which takes a hundred times as long where each of many objects has different names.
 */
export function hasMoreTokens(json: Buffer, tokensMax: number): boolean {
  if (json.length <= tokensMax) return false
  let tokens = 0
  for (let index = 0; index < json.length && tokens <= tokensMax; index++) {
    if (json[index] === quote) {
      tokens++
      index = endOfString(json, index)
    } else if (isSeparator(json[index])) tokens++
  }
  return tokens > tokensMax
}

/** Index at which the string that begins at `start` ends; the length of the JSON if it does not end. */
function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf(quote, start + 1); end !== -1; end = json.indexOf(quote, end + 1)) {
    let slashes = 0
    while (json[end - 1 - slashes] === backslash) slashes++
    if (slashes % 2 === 0) return end
  }
  return json.length
}

/** Most bodies that may be arriving at once. */
interface ArrivalLimits {
  /** Bodies in their first moments. Most end before they need a slot: they came in two packets instead of one. */
  readonly earlyMax: number
  /** Slots for bodies that take longer. */
  readonly slotsMax: number
}

/** Caller and project that send a body. */
export interface BodyOwner {
  readonly caller: string
  readonly project: string
}

/** Request bodies that are still arriving. */
interface ArrivingBodies {
  /** Number of bodies that are arriving. */
  readonly count: number
  /**
   * Counts a body: as an early one if there is room for it, and with a slot once it takes longer. If all slots are taken,
   * the caller with most slots in the project with most slots loses its oldest one, so that slow clients make room. An owner
   * that holds no more slots than the newcomer keeps a slot for a while: bodies that displace each other would never end.
   *
   * @param onLost called when the body loses its slot
   * @returns the function that ends the count, which may be called again; null if there is no room
   */
  hold(owner: BodyOwner, onLost: () => void): (() => void) | null
}

interface Slot {
  readonly owner: BodyOwner
  readonly takenAtMs: number
  readonly onLost: () => void
}

/** How long a body counts as early, in milliseconds. */
const earlyMs = 100
/** How long a slot is safe from newcomers with as many slots, in milliseconds. */
const keptMs = 1000

/** Builds the count of arriving bodies. */
export function createArrivingBodies({ earlyMax, slotsMax }: ArrivalLimits): ArrivingBodies {
  /** Oldest first. */
  const taken = new Set<Slot>()
  let early = 0

  /** The slot that a newcomer may take; null if there is none. */
  function slotToDisplace(newcomer: BodyOwner): Slot | null {
    const holdsMore = compareHoldings([...[...taken].map(({ owner }) => owner), newcomer])
    let chosen: Slot | null = null
    for (const slot of taken) {
      if (chosen === null || holdsMore(slot.owner, chosen.owner)) chosen = slot
    }
    if (chosen === null || holdsMore(chosen.owner, newcomer)) return chosen
    return performance.now() - chosen.takenAtMs < keptMs ? null : chosen
  }

  function takeSlot(owner: BodyOwner, onLost: () => void): (() => void) | null {
    if (taken.size >= slotsMax) {
      const displaced = slotToDisplace(owner)
      if (displaced === null) return null
      taken.delete(displaced)
      displaced.onLost()
    }
    const slot = { owner, takenAtMs: performance.now(), onLost }
    taken.add(slot)
    return () => void taken.delete(slot)
  }

  function holdEarly(owner: BodyOwner, onLost: () => void): () => void {
    early++
    let hasLeft = false
    const leave = () => {
      if (!hasLeft) early--
      hasLeft = true
    }
    let giveBack: () => void = leave
    const takesLonger = () => {
      if (hasLeft) return
      leave()
      const slot = takeSlot(owner, onLost)
      if (slot === null) onLost()
      else giveBack = slot
    }
    // Data that arrived while the server was busy is read before the timeout counts.
    const timer = setTimeout(() => setImmediate(takesLonger), earlyMs)
    return () => {
      clearTimeout(timer)
      giveBack()
    }
  }

  return {
    get count() {
      return early + taken.size
    },
    hold(owner, onLost) {
      return early < earlyMax ? holdEarly(owner, onLost) : takeSlot(owner, onLost)
    },
  }
}

/** Builds the comparison of owners: true if the first has more slots, by project and then by caller. */
function compareHoldings(owners: readonly BodyOwner[]): (one: BodyOwner, other: BodyOwner) => boolean {
  const projects = new Map<string, number>()
  const callers = new Map<string, number>()
  for (const { project, caller } of owners) {
    projects.set(project, (projects.get(project) ?? 0) + 1)
    callers.set(caller, (callers.get(caller) ?? 0) + 1)
  }
  const moreOf = (counts: Map<string, number>, one: string, other: string) =>
    (counts.get(one) ?? 0) - (counts.get(other) ?? 0)
  return (one, other) =>
    (moreOf(projects, one.project, other.project) || moreOf(callers, one.caller, other.caller)) > 0
}
