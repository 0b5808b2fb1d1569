import type { CallOptions } from './call-options.ts'
import { startDeadline } from './deadline.ts'
import { ConnectionError, UnexpectedAnswerError } from './errors.ts'
import { errorIn, type GraphqlAnswer, type GraphqlRequest, type Transport } from './transport.ts'

/** The server sends something every 12 seconds; without anything for longer, the connection is gone. */
const silenceMsMax = 30_000
/** Subscriptions have no limit in time: the longest that timers take. */
const unlimitedMs = 2 ** 31 - 1

/**
 * Events of a subscription, over server-sent events. Ends when the server completes it; a lost connection is a
 * {@link ConnectionError}, after which the caller subscribes again and reads what it may have missed.
 */
export async function* subscribe(
  transport: Transport,
  request: GraphqlRequest,
  { signal }: CallOptions,
): AsyncGenerator<GraphqlAnswer['data'], void, undefined> {
  const controller = new AbortController()
  const deadline = startDeadline({ signal: signal ?? undefined }, unlimitedMs)
  const end = () => controller.abort(deadline.signal.reason)
  deadline.signal.addEventListener('abort', end)
  const own = { ...deadline, signal: controller.signal }
  let events: AsyncGenerator<GraphqlAnswer['data'], void, undefined> | null = null
  let first: IteratorResult<GraphqlAnswer['data'], void> | null = null
  try {
    if (deadline.signal.aborted) throw deadline.signal.reason
    await transport.open(request, own, async (response) => {
      events = eventsIn(response, controller)
      first = await events.next()
    })
    const opened = events as AsyncGenerator<GraphqlAnswer['data'], void, undefined> | null
    let event = first as IteratorResult<GraphqlAnswer['data'], void> | null
    while (opened !== null && event !== null && event.done !== true) {
      yield event.value
      event = await opened.next()
    }
  } finally {
    controller.abort()
    deadline.signal.removeEventListener('abort', end)
    deadline.release()
  }
}

async function* eventsIn(
  response: Response,
  controller: AbortController,
): AsyncGenerator<GraphqlAnswer['data'], void, undefined> {
  const requestId = response.headers.get('x-request-id')
  for await (const { event, data } of messagesIn(response, controller)) {
    if (event === 'complete') return
    if (event !== 'next') continue
    const { data: values, errors = [] } = parseEvent(data, response)
    const [error] = errors
    if (error !== undefined) throw errorIn(error, requestId)
    yield values ?? {}
  }
  throw new ConnectionError('The subscription ended without being completed. Subscribe again.', { requestId })
}

function parseEvent(data: string, { status }: Response): Partial<GraphqlAnswer> {
  try {
    return JSON.parse(data) as Partial<GraphqlAnswer>
  } catch (error) {
    throw new UnexpectedAnswerError('An event is not one of Keystead.', { status, cause: error })
  }
}

/** Messages of an event stream, as the server writes them: `event:`, `data:`, and a blank line. */
async function* messagesIn(
  { body }: Response,
  controller: AbortController,
): AsyncGenerator<{ readonly event: string; readonly data: string }, void, undefined> {
  if (body === null) return
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), controller)
      if (done) return
      text += decoder.decode(value, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const lines = block.split('\n')
        const field = (name: string) =>
          lines
            .filter((line) => line.startsWith(`${name}:`))
            .map((line) => line.slice(name.length + 1).trimStart())
            .join('\n')
        yield { event: field('event'), data: field('data') }
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

async function withinSilence<Value>(read: Promise<Value>, controller: AbortController): Promise<Value> {
  const timer = setTimeout(
    () =>
      controller.abort(
        new ConnectionError('The subscription is silent: its connection is gone. Subscribe again.'),
      ),
    silenceMsMax,
  )
  try {
    return await read
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason
    throw new ConnectionError('The connection of the subscription was lost. Subscribe again.', {
      cause: error,
    })
  } finally {
    clearTimeout(timer)
  }
}
