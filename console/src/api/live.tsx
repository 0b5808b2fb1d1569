import { createContext, type ReactNode, use, useEffect, useRef, useState } from 'react'
import {
  type AnyVariables,
  type TypedDocumentNode,
  type UseQueryResponse,
  useQuery,
  useSubscription,
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
  const [count, setCount] = useState(0)
  const isFirst = useRef(true)
  const [{ fetching }, subscribe] = useSubscription({ query: userKeysChanged }, (_previous, event) => {
    if (!isFirst.current) setCount((before) => before + 1)
    isFirst.current = false
    return event
  })
  useEffect(() => {
    if (fetching) return
    const timer = setTimeout(subscribe, pauseMs)
    return () => clearTimeout(timer)
  }, [fetching, subscribe])
  return <changes.Provider value={count}>{children}</changes.Provider>
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
