import { useEffect } from 'react'
import { useSubscription } from 'urql'
import { graphql } from '../graphql/graphql.ts'

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

/** How long to wait before the stream is opened again. */
const pauseMs = 5000

/**
 * Calls `onChange` whenever a user key changes, comes or goes, whoever does it. A stream ends with its token, and with the
 * server: the next one begins with an event of its own, so that nothing in between is missed.
 */
export function useLiveKeys(onChange: () => void): void {
  const [{ fetching }, subscribe] = useSubscription({ query: userKeysChanged }, (_previous, event) => {
    onChange()
    return event
  })
  useEffect(() => {
    if (fetching) return
    const timer = setTimeout(subscribe, pauseMs)
    return () => clearTimeout(timer)
  }, [fetching, subscribe])
}
