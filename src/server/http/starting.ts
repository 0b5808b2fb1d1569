import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, errorAnswer, securityHeaders } from './answer.ts'
import { healthRouteOf, liveAnswer, readyAnswer } from './health.ts'
import { pathOf } from './request-head.ts'

/** Answers requests while the server starts, so that a start-up probe is told what it waits for. */
export interface StartingAnswers {
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Says in a sentence what the start is at; nothing secret. */
  setStage(stage: string): void
}

/** Builds what answers during a start. */
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
      // The next request may be answered by the server itself: not on a connection whose body nobody reads.
      response.writeHead(status, { ...securityHeaders, ...headers, connection: 'close' })
      response.end(body)
    },
    setStage(sentence) {
      stage = sentence
    },
  }
}
