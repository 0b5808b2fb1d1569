import type { Client } from '../support/story.ts'

/** Tries of a request, so that a server that never answers is found out. */
const triesMax = 20

/**
 * A client for checks, which repeats what timed out: on a busy machine the requests of a check take longer than servers
 * of these suites allow. Nothing that it is used for does harm when it is done twice.
 */
export function patientOf({ send, ask, mutate }: Client): Client {
  return {
    send,
    ask: (...asked) => repeated(() => ask(...asked)),
    mutate: (...asked) => repeated(() => mutate(...asked)),
  }
}

async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (tries === triesMax || !String(error).includes('"UNAVAILABLE"')) throw error
    }
  }
}
