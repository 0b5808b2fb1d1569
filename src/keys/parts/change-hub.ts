import { type Clock, callAt } from '../../clock.ts'
import { everyone, type KeyChange, type RoleChange } from '../../store/key-changes.ts'
import { type AccessFacts, subjectsOf, visibilityOf } from '../rules/access.ts'
import type { Caller } from '../rules/caller.ts'
import { TooManyStreamsError, UnavailableError } from '../rules/errors.ts'

/** Changes of a key that were announced since the last event, combined. */
export interface ChangeSummary {
  /** A field changed that also a redacted key shows. */
  readonly isShown: boolean
  /** The caller or one of its groups was removed from the key's list, or is no longer its owner. */
  readonly isLost: boolean
}

/** Batch of changes for one stream. */
export type ChangeBatch =
  /** Changed keys by UUID. */
  | { readonly kind: 'changed'; readonly keys: ReadonlyMap<string, ChangeSummary> }
  /** Too many changes to remember, or changes may have been missed. */
  | { readonly kind: 'unsure' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'closed' }

/** Source of changes for one stream of a caller. */
export interface Watch {
  /** The next batch. Changes in quick succession come together. */
  next(): Promise<ChangeBatch>
  /** True if the token of the stream has expired. */
  isExpired(): boolean
  /** Ends the watch. A waiting `next` gets `closed`. */
  close(): void
}

/** Access facts of a changed key. */
interface ChangedKey {
  readonly deleted: boolean
  readonly accessFacts: AccessFacts
}

/** Reads the access facts of keys of a project, by UUID. Keys without a verified row are left out. */
export type ReadAccess = (
  projectId: string,
  ids: readonly string[],
) => Promise<ReadonlyMap<string, ChangedKey>>

/** Passes announced changes of keys on to streams. */
export interface KeyChanges {
  onChange(change: KeyChange): void
  /** Callers may have other roles now: their streams may show other keys. */
  onRoles(change: RoleChange): void
  /** Changes may have been missed. */
  onGap(): void
  /**
   * Watches the keys of the caller's project, or one of them, until the token expires.
   *
   * @throws TooManyStreamsError, or UnavailableError while the server is stopping
   */
  watch(caller: Caller, keyId: string | null): Watch
  /** Number of open streams. */
  readonly size: number
  /** Ends all streams and refuses new ones. */
  close(): void
}

/** Maximum of open streams. */
export interface StreamLimits {
  readonly streamsMax: number
  readonly streamsPerCallerMax: number
}

/** Maximum of changed keys that are remembered for a stream whose client reads slowly. */
const announcedMax = 1000
/** Keys whose access facts are read at once. */
const readMax = 200
/** Time for which a change waits for others. It also limits how often a stream reads from the database. */
const settleMs = 100

interface Watcher {
  readonly caller: Caller
  /** Null for one that watches all user keys of the project. */
  readonly keyId: string | null
  tell(change: Change): void
  tellGap(): void
  end(): void
}

/** Announced changes of a key, combined for all streams. */
interface Change {
  readonly id: string
  readonly isShown: boolean
  readonly lostBy: ReadonlySet<string>
}

/** Builds the hub that passes changes on to streams. */
export function createKeyChanges({
  clock,
  limits,
  readAccess,
}: {
  clock: Clock
  limits: StreamLimits
  readAccess: ReadAccess
}): KeyChanges {
  const watchers = new Set<Watcher>()
  const streamsOf = new Map<string, number>()
  /**
   * Changes whose access facts are not read yet, by project and key. They are passed on to a stream after its caller's
   * access was decided, so that hidden changes do not fill the memory of the stream.
   */
  const pending = new Map<string, Map<string, Change>>()
  let isClosed = false

  const watchersOf = (projectId: string) =>
    [...watchers].filter(({ caller, keyId }) => keyId === null && caller.projectId === projectId)

  function addPending(projectId: string, change: Change): void {
    const changes = pending.get(projectId)
    if (changes !== undefined) {
      changes.set(change.id, together(changes.get(change.id), change))
    } else if (watchersOf(projectId).length > 0) {
      pending.set(projectId, new Map([[change.id, change]]))
      void passOn(projectId)
    }
  }

  /** Runs until nothing of the project is pending. */
  async function passOn(projectId: string): Promise<void> {
    for (;;) {
      const changes = [...(pending.get(projectId)?.values() ?? [])].slice(0, readMax)
      if (changes.length === 0 || watchersOf(projectId).length === 0) break
      for (const { id } of changes) pending.get(projectId)?.delete(id)
      try {
        const access = await readAccess(
          projectId,
          changes.map(({ id }) => id),
        )
        for (const watcher of watchersOf(projectId)) passOnTo(watcher, changes, access)
      } catch {
        // Access to these changes is unknown. The store has reported the cause.
        for (const watcher of watchersOf(projectId)) watcher.tellGap()
      }
    }
    pending.delete(projectId)
  }

  function count(caller: string, by: 1 | -1): void {
    const streams = (streamsOf.get(caller) ?? 0) + by
    if (streams === 0) streamsOf.delete(caller)
    else streamsOf.set(caller, streams)
  }

  return {
    onChange({ projectId, id, isShown, lostBy }) {
      const change = { id, isShown, lostBy: new Set(lostBy) }
      addPending(projectId, change)
      for (const watcher of watchers) {
        if (watcher.caller.projectId === projectId && watcher.keyId === id) watcher.tell(change)
      }
    },
    onRoles({ projectId, subject }) {
      for (const watcher of watchers) {
        const isAffected = watcher.caller.projectId === projectId && subjectsOf(watcher.caller).has(subject)
        if (isAffected) watcher.tellGap()
      }
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

function together(known: Change | undefined, change: Change): Change {
  if (known === undefined) return change
  const { id, isShown, lostBy } = known
  return { id, isShown: isShown || change.isShown, lostBy: lostBy.union(change.lostBy) }
}

/** Subjects of a caller in `lostBy`. For a service agent a key exists only while the agent is on its list. */
function subjectsThatLose(caller: Caller): ReadonlySet<string> {
  const own = subjectsOf(caller)
  return caller.kind === 'SERVICE_AGENT' ? own : own.union(new Set([everyone]))
}

/** Passes on to a stream the changes that its caller may know of. */
function passOnTo(
  watcher: Watcher,
  changes: readonly Change[],
  access: ReadonlyMap<string, ChangedKey>,
): void {
  const subjects = subjectsThatLose(watcher.caller)
  for (const change of changes) {
    const key = access.get(change.id)
    if (key === undefined || key.accessFacts.kind === 'SERVICE') continue
    const visibility = visibilityOf(watcher.caller, key.accessFacts)
    const isKnown = visibility === 'redacted' && (change.isShown || key.deleted)
    const isLost = !subjects.isDisjointFrom(change.lostBy)
    if (visibility === 'full' || isKnown || isLost) watcher.tell(change)
  }
}

function createWatch(
  caller: Caller,
  keyId: string | null,
  { clock, onEnd }: { clock: Clock; onEnd: () => void },
): { watch: Watch; watcher: Watcher } {
  const subjects = subjectsThatLose(caller)
  let announced = new Map<string, ChangeSummary>()
  let isUnsure = false
  let ending: 'expired' | 'closed' | null = null
  let wake = () => {}

  const hasChanges = () => isUnsure || announced.size > 0
  const isExpired = () => clock.now() >= caller.tokenExpiresAt

  // By the monotonic clock: setting the clock back must not prolong the life of a token.
  const expiresAtMs = performance.now() + caller.tokenExpiresAt.getTime() - clock.now().getTime()
  const cancelExpiry = callAt(expiresAtMs, () => end('expired'))

  function end(how: 'expired' | 'closed'): void {
    if (ending !== null) return
    ending = how
    cancelExpiry()
    announced.clear()
    onEnd()
    wake()
  }

  function markUnsure(): void {
    announced.clear()
    isUnsure = true
  }

  /** Waits for a change, or for some time. Ends early with the watch. */
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
        while (ending === null && !hasChanges()) await wait(null)
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
      caller,
      keyId,
      tell(change) {
        if (isUnsure) return
        const known = announced.get(change.id)
        announced.set(change.id, {
          isShown: change.isShown || known?.isShown === true,
          isLost: known?.isLost === true || !subjects.isDisjointFrom(change.lostBy),
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
