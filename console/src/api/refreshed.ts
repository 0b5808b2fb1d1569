import { type Client, type Exchange, mapExchange } from 'urql'

/** How long a change waits for what is shown, where an answer does not come. */
const longestWaitMs = 5000

const underWay = new WeakMap<Client, Set<number>>()

/** Knows which queries have not been answered yet. */
export const knowsQueries: Exchange = (input) => {
  const queries = new Set<number>()
  underWay.set(input.client, queries)
  return mapExchange({
    onOperation: ({ kind, key }) => {
      if (kind === 'query') queries.add(key)
      if (kind === 'teardown') queries.delete(key)
    },
    onResult: ({ operation }) => void queries.delete(operation.key),
  })(input)
}

/**
 * Waits until what is shown has been asked for anew after a change. A dialog that is opened then is based on the key as the
 * change has left it: otherwise the user's own change would look like that of somebody else.
 */
export async function refreshed(client: Client): Promise<void> {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  // Queries are asked again just after the answer to the change.
  await pause(0)
  const until = Date.now() + longestWaitMs
  while ((underWay.get(client)?.size ?? 0) > 0 && Date.now() < until) await pause(20)
}
