/** How many requests a server works on, and how many wait for that. */
export interface AdmissionLimits {
  /** Requests that are worked on at once. */
  readonly underWayMax: number
  /** Requests that may be in the house besides: they are being read, or wait for their turn. */
  readonly waitingMax: number
  /** How long one may wait for its turn. */
  readonly waitMs: number
}

/** A request that is in the house, until it leaves. */
export interface Visit {
  /**
   * Marks the request as unauthenticated until it is known whose it is; false if there are as many of these as there may
   * be. Those whose token names a caller that was verified before are counted apart from the others.
   */
  beStranger(isExpected: boolean): boolean
  /** Says who it is; false if this caller has as many requests here as one may have. */
  belongTo(caller: string): boolean
  /** Takes its turn if there is one for it now. */
  turnAtOnce(): boolean
  /** Waits for its turn; false if that did not come in time, or if the client has gone. */
  turn(signal?: AbortSignal): Promise<boolean>
  /** Gives its place to others until it takes one again. */
  leavePlace(): void
  /** Takes a place again; false if all are taken, or if its caller has as many as one may have. True if it has one. */
  retakePlace(): boolean
  /** Gives its turn to the next one, and keeps its place. Further calls do nothing. */
  endTurn(): void
  /** Gives its turn and its place to others. Further calls do nothing. */
  leave(): void
}

/** Lets in as many requests as can be served soon. */
export interface Admission {
  /** Requests that are worked on. */
  readonly underWay: number
  /** All that have been let in and have not left. */
  readonly inside: number
  /** Lets a request in, or does not: null. Costs next to nothing, so that it can come before anything else. */
  enter(): Visit | null
  /** Resolves as soon as nobody is inside. */
  empty(): Promise<void>
}

interface Waiter {
  readonly start: () => void
}

/**
 * The part of all places that unauthenticated requests may have, each of the two kinds: to find out whose they are can take
 * as long as an issuer does.
 */
const strangersPart = 1 / 4

/** A caller gets a further turn while it has fewer than so many times the turns that are free. */
const turnsForEachFree = 3

/**
 * Builds the admission of a server. Whoever is let in has a place, of which there are `underWayMax + waitingMax`; those
 * that are ready to be worked on take turns, a caller at a time. Others always get in, and soon get a turn: a single
 * caller takes no more than half of the places for waiting and three quarters of the turns, since work that takes long
 * would keep them for as long. The more callers take all that they can get, the less that is for each. Unauthenticated
 * requests share some of the places, so that an issuer that is slow holds up nobody who is known.
 */
export function createAdmission({ underWayMax, waitingMax, waitMs }: AdmissionLimits): Admission {
  const insideMax = underWayMax + waitingMax
  const shareMax = underWayMax + Math.ceil(waitingMax / 2)
  const shares = new Map<string, number>()
  const turns = new Map<string, number>()
  /** Those that wait, by caller; the first caller is next, and goes to the end then. */
  const queues = new Map<string, Set<Waiter>>()
  const strangersMax = Math.max(1, Math.floor(insideMax * strangersPart))
  const strangers = { expected: 0, others: 0 }
  let underWay = 0
  let inside = 0
  let onEmpty: (() => void)[] = []

  function mayStart(caller: string): boolean {
    return (turns.get(caller) ?? 0) < turnsForEachFree * (underWayMax - underWay)
  }

  function hasShare(caller: string): boolean {
    return (shares.get(caller) ?? 0) < shareMax
  }

  function start(caller: string): void {
    underWay++
    add(turns, caller, 1)
  }

  /** Starts the first waiter of the first caller that may start; false if there is none. */
  function startNext(): boolean {
    for (const [caller, queue] of queues) {
      const [waiter] = queue
      if (waiter === undefined || !mayStart(caller)) continue
      queue.delete(waiter)
      queues.delete(caller)
      if (queue.size > 0) queues.set(caller, queue)
      start(caller)
      waiter.start()
      return true
    }
    return false
  }

  function waitInQueue(caller: string, signal: AbortSignal | undefined): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const queue = queues.get(caller) ?? new Set<Waiter>()
    const waiter: Waiter = { start: () => resolve(true) }
    queues.set(caller, queue.add(waiter))
    const giveUp = () => {
      if (!queue.delete(waiter)) return
      if (queue.size === 0) queues.delete(caller)
      resolve(false)
    }
    const timer = setTimeout(giveUp, waitMs)
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted) giveUp()
    return promise.finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    })
  }

  function visit(): Visit {
    let caller: string | null = null
    let hasTurn = false
    let hasPlace = true
    let strangerAs: keyof typeof strangers | null = null

    function endStrangeness(): void {
      if (strangerAs !== null) strangers[strangerAs]--
      strangerAs = null
    }

    function endTurn(): void {
      if (!hasTurn) return
      hasTurn = false
      underWay--
      add(turns, caller ?? '', -1)
      // Can be two: another caller, and one more of this caller, whose turns have become fewer.
      while (startNext());
    }

    function leavePlace(): void {
      if (!hasPlace) return
      hasPlace = false
      inside--
      if (caller !== null) add(shares, caller, -1)
      if (inside > 0) return
      for (const tell of onEmpty) tell()
      onEmpty = []
    }

    function turnAtOnce(): boolean {
      const name = caller ?? ''
      // Nobody waits while there is a turn that it may have: whoever ends hands it on.
      if (!mayStart(name)) return false
      start(name)
      hasTurn = true
      return true
    }

    return {
      beStranger(isExpected) {
        const kind = isExpected ? 'expected' : 'others'
        if (strangers[kind] >= strangersMax) return false
        strangers[kind]++
        strangerAs = kind
        return true
      },
      belongTo(name) {
        endStrangeness()
        if (!hasShare(name)) return false
        add(shares, name, 1)
        caller = name
        return true
      },
      leavePlace,
      retakePlace() {
        if (hasPlace) return true
        if (inside >= insideMax || (caller !== null && !hasShare(caller))) return false
        hasPlace = true
        inside++
        if (caller !== null) add(shares, caller, 1)
        return true
      },
      turnAtOnce,
      async turn(signal) {
        if (turnAtOnce()) return true
        hasTurn = await waitInQueue(caller ?? '', signal)
        return hasTurn
      },
      endTurn,
      leave() {
        endStrangeness()
        endTurn()
        leavePlace()
      },
    }
  }

  return {
    get underWay() {
      return underWay
    },
    get inside() {
      return inside
    },
    enter() {
      if (inside >= insideMax) return null
      inside++
      return visit()
    },
    async empty() {
      if (inside > 0) await new Promise<void>((resolve) => onEmpty.push(resolve))
    },
  }
}

/** Counts up or down; who is at nothing is not kept. */
function add(counts: Map<string, number>, caller: string, more: number): void {
  const count = (counts.get(caller) ?? 0) + more
  if (count > 0) counts.set(caller, count)
  else counts.delete(caller)
}
