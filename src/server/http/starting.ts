import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, errorAnswer, securityHeaders } from '../answer.ts'
import { healthRouteOf, liveAnswer, readyAnswer } from './health.ts'
import { pathOf } from './request-head.ts'

/** Answers requests while the server starts, so that a start-up probe learns what it waits for. */
export interface StartingAnswers {
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Sets the stage of the start: one sentence without secrets. */
  setStage(stage: string): void
}

/** Builds the answers during a start. */
export function createStartingAnswers(): StartingAnswers {
  let stage = ''

  function answer(request: IncomingMessage): Answer {
    const health = healthRouteOf(pathOf(request))
    if (health === '/health/live') return liveAnswer()
    if (health === '/health/ready') return readyAnswer(['start'], stage)
    const message = `The server is starting. ${stage} Nothing was done; try again in a second.`
    return errorAnswer(503, { code: 'UNAVAILABLE', message, retryAfterSeconds: 1 })
  }

  return {
    handle(request, response) {
      const { status, headers, body } = answer(request)
      // The body stays unread, so that the connection cannot be used for the next request.
      response.writeHead(status, { ...securityHeaders, ...headers, connection: 'close' })
      response.end(body)
    },
    setStage(sentence) {
      stage = sentence
    },
  }
}
