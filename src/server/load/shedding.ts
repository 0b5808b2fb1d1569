import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import { type Answer, errorAnswer } from '../answer.ts'
import { noteRefusal, type Refusal } from '../observe/request-log.ts'

/** Why a request is shed. */
export type Shed = Exclude<Refusal, 'gone' | 'rate' | 'failures'>

/** Shortest time between two warnings, in milliseconds. */
const warningIntervalMs = 10_000

const messages: Readonly<Record<Shed, string>> = {
  full: 'The server has as many requests as it can take.',
  share: 'Too many requests of this caller, or of its project, are waiting for their answers.',
  bodies: 'The server is receiving as many request bodies as it can, and this one has not arrived yet.',
  waited: 'The server has too many requests to get to this one soon.',
}

/**
 * Builds the function that answers a shed request. Nothing was done for it, so that it can be repeated. One warning stands
 * for all that are shed within some seconds: an overload must not fill the log, too.
 */
export function createShedding(log: Log): (reason: Shed) => Answer {
  let warnedAtMs = Number.NEGATIVE_INFINITY
  let shedRequests = 0
  return (reason) => {
    noteRefusal(reason)
    shedRequests++
    const nowMs = performance.now()
    if (nowMs - warnedAtMs >= warningIntervalMs) {
      log.warn(
        { reason, shedRequests },
        'overload: requests are refused; the number is of those since the last warning',
      )
      warnedAtMs = nowMs
      shedRequests = 0
    }
    const message = `${messages[reason]} Nothing was done; try again in a second.`
    return errorAnswer(503, { code: 'UNAVAILABLE', message, retryAfterSeconds: 1 })
  }
}

/** Answer to a request whose client is gone. Nobody reads it, but it is counted. */
export function answerGone(): Answer {
  noteRefusal('gone')
  return errorAnswer(400, { code: 'BAD_REQUEST', message: 'The client closed the connection.' })
}

/** Range of a pause, in milliseconds. */
const pauseMs = { min: 100, max: 400 } as const
/** Refusals that are paused at once. Their connections are busy, and a server has few hundreds at least. */
const pausedMax = 64

/**
 * Pauses before refusals that cost the event loop nearly as much as an answer, so that a client that keeps sending such
 * requests sends few of them.
 */
export interface RefusalPauses {
  /**
   * Resolves after a pause, or at once while there are as many pauses as there may be. Call it without a slot. Pauses
   * differ, so that clients do not come back at the same moment.
   */
  wait(): Promise<void>
}

/** Builds the pauses of a server. */
export function createRefusalPauses(): RefusalPauses {
  let paused = 0
  return {
    async wait() {
      if (paused >= pausedMax) return
      paused++
      await sleep(pauseMs.min + Math.random() * (pauseMs.max - pauseMs.min))
      paused--
    },
  }
}
