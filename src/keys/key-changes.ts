import type { Clock } from '../clock.ts'
import type { KeyChange } from '../store/notify.ts'
import { subjectsOf } from './access.ts'
import type { Caller } from './caller.ts'
import { TooManyStreamsError, UnavailableError } from './errors.ts'

/** What is known of the changes of a key that were announced since the last look. */
export interface Announced {
  /** Some change is of what everybody sees who may list the project's keys. */
  readonly isShown: boolean
  /** The caller, or one of its groups, is no longer on the key's list, or no longer its owner. */
  readonly isLost: boolean
}

/** News for one stream of a caller. */
export type News =
  /** By the UUID of the key. */
  | { readonly kind: 'changed'; readonly keys: ReadonlyMap<string, Announced> }
  /** More has changed than is remembered, or changes may have been missed. */
  | { readonly kind: 'unsure' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'closed' }

/** What one stream of a caller waits for. */
export interface Watch {
  /** The next news; what happens within a moment comes together. */
  next(): Promise<News>
  /** Whether the token that the stream was opened with has expired. */
  isExpired(): boolean
  /** Lets go of everything; whoever waits gets `closed`. */
  close(): void
}

/** Passes on to streams what is announced about keys. */
export interface KeyChanges {
  onChange(change: KeyChange): void
  /** Changes may have been missed. */
  onGap(): void
  /**
   * Watches the keys of the caller's project, or one of them, until the token expires.
   *
   * @throws TooManyStreamsError, or UnavailableError where the server is about to stop
   */
  watch(caller: Caller, keyId: string | null): Watch
  /** Streams that are open. */
  readonly size: number
  /** Ends all streams, and opens no more. */
  close(): void
}

/** How many streams there may be at once. */
export interface StreamLimits {
  readonly streamsMax: number
  readonly streamsPerCallerMax: number
}

/** Most changed keys that are remembered for a stream whose client does not take them. */
const announcedMax = 1000
/** News wait for others of the same moment; this also bounds how often a stream asks the database. */
const settleMs = 100
/** Longest time that a timer can be set to. */
const timerMsMax = 2_147_483_647

interface Watcher {
  readonly projectId: string
  tell(change: KeyChange): void
  tellGap(): void
  end(): void
}

/** Builds the part that streams get their news from. */
export function createKeyChanges({ clock, limits }: { clock: Clock; limits: StreamLimits }): KeyChanges {
  const watchers = new Set<Watcher>()
  const streamsOf = new Map<string, number>()
  let isClosed = false

  function count(caller: string, by: 1 | -1): void {
    const streams = (streamsOf.get(caller) ?? 0) + by
    if (streams === 0) streamsOf.delete(caller)
    else streamsOf.set(caller, streams)
  }

  return {
    onChange(change) {
      for (const watcher of watchers) if (watcher.projectId === change.projectId) watcher.tell(change)
    },
    onGap() {
      for (const watcher of watchers) watcher.tellGap()
    },
    watch(caller, keyId) {
      const { projectId, subject } = caller
      const name = JSON.stringify([projectId, subject])
      if (isClosed) throw new UnavailableError()
      const { streamsMax, streamsPerCallerMax } = limits
      if ((streamsOf.get(name) ?? 0) >= streamsPerCallerMax)
        throw TooManyStreamsError.ofCaller(streamsPerCallerMax)
      if (watchers.size >= streamsMax) throw TooManyStreamsError.ofServer()
      const { watch, watcher } = createWatch(caller, keyId, {
        clock,
        onEnd() {
          watchers.delete(watcher)
          count(name, -1)
        },
      })
      watchers.add(watcher)
      count(name, 1)
      return watch
    },
    get size() {
      return watchers.size
    },
    close() {
      isClosed = true
      for (const watcher of [...watchers]) watcher.end()
    },
  }
}

function createWatch(
  caller: Caller,
  keyId: string | null,
  { clock, onEnd }: { clock: Clock; onEnd: () => void },
): { watch: Watch; watcher: Watcher } {
  const subjects = subjectsOf(caller)
  let announced = new Map<string, Announced>()
  let isUnsure = false
  let ending: 'expired' | 'closed' | null = null
  let wake = () => {}

  const hasNews = () => isUnsure || announced.size > 0
  const isExpired = () => clock.now() >= caller.tokenExpiresAt

  // By the time that passes: a clock that is set back must not lengthen the life of a token.
  const expiresAtMs = performance.now() + caller.tokenExpiresAt.getTime() - clock.now().getTime()
  let timer = setTimeout(expire, timeLeft())

  function timeLeft(): number {
    return Math.min(Math.max(0, expiresAtMs - performance.now()), timerMsMax)
  }

  function expire(): void {
    if (timeLeft() > 0) timer = setTimeout(expire, timeLeft())
    else end('expired')
  }

  function end(how: 'expired' | 'closed'): void {
    if (ending !== null) return
    ending = how
    clearTimeout(timer)
    announced.clear()
    onEnd()
    wake()
  }

  function markUnsure(): void {
    announced.clear()
    isUnsure = true
  }

  /** Until there are news, or for some time; no longer than until the end. */
  async function wait(ms: number | null): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const pause = ms === null ? undefined : setTimeout(resolve, ms)
    wake = () => {
      if (ending !== null || ms === null) resolve()
    }
    await promise
    clearTimeout(pause)
  }

  return {
    watch: {
      async next() {
        while (ending === null && !hasNews()) await wait(null)
        if (ending === null) await wait(settleMs)
        if (ending !== null) return { kind: ending }
        if (isExpired()) {
          end('expired')
          return { kind: 'expired' }
        }
        const keys = announced
        const wasUnsure = isUnsure
        announced = new Map()
        isUnsure = false
        return wasUnsure ? { kind: 'unsure' } : { kind: 'changed', keys }
      },
      isExpired,
      close: () => end('closed'),
    },
    watcher: {
      projectId: caller.projectId,
      tell(change) {
        if (isUnsure || (keyId !== null && keyId !== change.id)) return
        const known = announced.get(change.id)
        announced.set(change.id, {
          isShown: change.isShown || known?.isShown === true,
          isLost: known?.isLost === true || change.lostBy.some((subject) => subjects.has(subject)),
        })
        if (announced.size > announcedMax) markUnsure()
        wake()
      },
      tellGap() {
        markUnsure()
        wake()
      },
      end: () => end('closed'),
    },
  }
}
