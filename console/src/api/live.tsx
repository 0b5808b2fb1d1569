import { createContext, type ReactNode, use, useEffect, useRef, useState } from 'react'
import {
  type AnyVariables,
  type Client,
  type TypedDocumentNode,
  type UseQueryResponse,
  useClient,
  useQuery,
} from 'urql'
import { aboutKeys, showsInvalidInput } from './client.ts'
import { graphql } from './graphql.ts'

const userKeysChanged = graphql(`
  subscription UserKeysChanged {
    userKeysChanged {
      listAgain
      goneKeyIds
      changedKeys {
        id
      }
    }
  }
`)

/** How long to wait before the stream is opened again, and before a question without an answer is asked again. */
const pauseMs = 5000

// Objects that stay the same: with another context urql asks again.
const aboutKeysAsTyped = { ...aboutKeys, ...showsInvalidInput }

const changes = createContext(0)

/**
 * Hears of user keys that change, come or go, whoever does it, for all queries of {@link usePageQuery}. A stream ends with
 * its token, and with the server. Each begins with an event of its own: that of the first one says nothing new, later ones
 * stand for what may have been missed.
 */
export function LiveChanges({ children }: { readonly children: ReactNode }) {
  const client = useClient()
  const [count, setCount] = useState(0)
  useEffect(() => hearOfChanges(client, () => setCount((before) => before + 1)), [client])
  return <changes.Provider value={count}>{children}</changes.Provider>
}

/**
 * Opens the stream, and again whenever it has ended, until it is stopped. `useSubscription` does not tell when one has ended.
 */
function hearOfChanges(client: Client, onChange: () => void): () => void {
  let isFirst = true
  let timer: ReturnType<typeof setTimeout> | undefined
  let stop = () => {}
  const open = () => {
    const stream = client.subscription(userKeysChanged, {}).subscribe(({ error, hasNext }) => {
      if (error !== undefined || !hasNext) {
        timer ??= setTimeout(again, pauseMs)
        return
      }
      if (!isFirst) onChange()
      isFirst = false
    })
    stop = stream.unsubscribe
  }
  const again = () => {
    timer = undefined
    // What is left of the stream would count as one that is open.
    stop()
    open()
  }
  open()
  return () => {
    clearTimeout(timer)
    stop()
  }
}

/**
 * Asks for what a page shows of keys: once when it is opened, and again whenever keys change. What is known meanwhile is
 * shown at once.
 */
export function usePageQuery<Data, Variables extends AnyVariables>(args: {
  readonly query: TypedDocumentNode<Data, Variables>
  readonly variables: Variables
  readonly pause?: boolean
  /** The page shows itself what is wrong with the variables: see {@link isInvalidInput}. */
  readonly showsInvalidInput?: boolean
  /** Shows nothing that was known before: what is changed here is changed as it was seen. */
  readonly fresh?: boolean
}): UseQueryResponse<Data, Variables> {
  const { query, variables, pause = false, showsInvalidInput: asTyped = false } = args
  const count = use(changes)
  const seen = useRef(count)
  const response = useQuery<Data, Variables>({
    query,
    variables,
    pause,
    requestPolicy: args.fresh ? 'network-only' : 'cache-and-network',
    context: asTyped ? aboutKeysAsTyped : aboutKeys,
  } as Parameters<typeof useQuery<Data, Variables>>[0])
  const [state, askAgain, ...more] = response
  const data = useKept(state.data, JSON.stringify(variables))
  useEffect(() => {
    if (seen.current === count || pause) return
    seen.current = count
    askAgain({ requestPolicy: 'network-only', ...(asTyped ? aboutKeysAsTyped : aboutKeys) })
  }, [count, pause, asTyped, askAgain])
  const isOffline = state.error?.networkError !== undefined && !state.fetching
  useEffect(() => {
    if (!isOffline || pause) return
    const again = { requestPolicy: 'network-only', ...(asTyped ? aboutKeysAsTyped : aboutKeys) } as const
    const timer = setTimeout(() => askAgain(again), pauseMs)
    return () => clearTimeout(timer)
  }, [isOffline, pause, asTyped, askAgain])
  return [data === state.data ? state : { ...state, data }, askAgain, ...more] as UseQueryResponse<
    Data,
    Variables
  >
}

/** What was last known in answer to the same question: it stays while it is asked again, also where that fails. */
function useKept<Data>(data: Data | undefined, question: string): Data | undefined {
  const kept = useRef<{ readonly question: string; readonly data: Data } | null>(null)
  if (data != null) kept.current = { question, data }
  return kept.current?.question === question ? kept.current.data : undefined
}
