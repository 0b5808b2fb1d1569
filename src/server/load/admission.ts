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
  /** Names the caller and its project; false if either has as many requests here as one may have. */
  belongTo(caller: string, project: string): boolean
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

/** Whose request it is. */
interface Owner {
  readonly caller: string
  readonly project: string
}

/** Of requests whose caller was never named. */
const unknownOwner: Owner = { caller: '', project: '' }

interface Queue {
  readonly owner: Owner
  readonly waiters: Set<Waiter>
}

/**
 * The part of all places that unauthenticated requests may have, each of the two kinds: to find out whose they are can take
 * as long as an issuer does.
 */
const strangersPart = 1 / 4

/** Share of the waiting places that one caller may have, and that all callers of one project may have. */
const waitingPart = { caller: 1 / 2, project: 3 / 4 } as const

/** A caller, or a project, gets a further turn while it has fewer than so many times the turns that are free. */
const turnsForEachFree = 3

/**
 * Builds the admission of a server. Whoever is let in has a place, of which there are `underWayMax + waitingMax`; those
 * that are ready to be worked on take turns: the next turn is for the project with the fewest, and within it for the
 * caller that waits longest since its last one. Others always get in, and soon get a turn. A caller takes no more than half
 * of the places for waiting, a project no more than three quarters, and both no more than three quarters of the turns,
 * since work that takes long would keep them for as long. The more callers take all that they can get, the less that is
 * for each. Unauthenticated requests share some of the
 * places, so that a slow issuer delays no known caller.
 */
export function createAdmission({ underWayMax, waitingMax, waitMs }: AdmissionLimits): Admission {
  const insideMax = underWayMax + waitingMax
  const shareMax = {
    caller: underWayMax + Math.ceil(waitingMax * waitingPart.caller),
    project: underWayMax + Math.ceil(waitingMax * waitingPart.project),
  }
  const shares = { caller: new Map<string, number>(), project: new Map<string, number>() }
  const turns = { caller: new Map<string, number>(), project: new Map<string, number>() }
  /** Those that wait, by caller; a caller goes to the end with each turn. */
  const queues = new Map<string, Queue>()
  const strangersMax = Math.max(1, Math.floor(insideMax * strangersPart))
  const strangers = { expected: 0, others: 0 }
  let underWay = 0
  let inside = 0
  let onEmpty: (() => void)[] = []

  function mayStart({ caller, project }: Owner): boolean {
    const turnsMax = turnsForEachFree * (underWayMax - underWay)
    return count(turns.caller, caller) < turnsMax && count(turns.project, project) < turnsMax
  }

  function hasShare({ caller, project }: Owner): boolean {
    return count(shares.caller, caller) < shareMax.caller && count(shares.project, project) < shareMax.project
  }

  function start(owner: Owner): void {
    underWay++
    addBoth(turns, owner, 1)
  }

  /** The queue of the project with the fewest turns; the first one among equals. Null if nobody may start. */
  function nextQueue(): Queue | null {
    let next: Queue | null = null
    for (const queue of queues.values()) {
      if (!mayStart(queue.owner)) continue
      const isBefore =
        next === null || count(turns.project, queue.owner.project) < count(turns.project, next.owner.project)
      if (isBefore) next = queue
    }
    return next
  }

  /** Starts the next waiter; false if there is none that may start. */
  function startNext(): boolean {
    const next = nextQueue()
    const [waiter] = next?.waiters ?? []
    if (next === null || waiter === undefined) return false
    const { owner, waiters } = next
    waiters.delete(waiter)
    queues.delete(owner.caller)
    if (waiters.size > 0) queues.set(owner.caller, next)
    start(owner)
    waiter.start()
    return true
  }

  function waitInQueue(owner: Owner, signal: AbortSignal | undefined): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const { caller } = owner
    const queue = queues.get(caller) ?? { owner, waiters: new Set<Waiter>() }
    const waiter: Waiter = { start: () => resolve(true) }
    queue.waiters.add(waiter)
    queues.set(caller, queue)
    const giveUp = () => {
      if (!queue.waiters.delete(waiter)) return
      if (queue.waiters.size === 0) queues.delete(caller)
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
    let owner: Owner | null = null
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
      addBoth(turns, owner ?? unknownOwner, -1)
      // Can be two: another caller, and one more of this caller, whose turns have become fewer.
      while (startNext());
    }

    function leavePlace(): void {
      if (!hasPlace) return
      hasPlace = false
      inside--
      if (owner !== null) addBoth(shares, owner, -1)
      if (inside > 0) return
      for (const tell of onEmpty) tell()
      onEmpty = []
    }

    function turnAtOnce(): boolean {
      // Nobody waits while there is a turn that it may have: whoever ends hands it on.
      if (!mayStart(owner ?? unknownOwner)) return false
      start(owner ?? unknownOwner)
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
      belongTo(caller, project) {
        endStrangeness()
        const named = { caller, project }
        if (!hasShare(named)) return false
        addBoth(shares, named, 1)
        owner = named
        return true
      },
      leavePlace,
      retakePlace() {
        if (hasPlace) return true
        if (inside >= insideMax || (owner !== null && !hasShare(owner))) return false
        hasPlace = true
        inside++
        if (owner !== null) addBoth(shares, owner, 1)
        return true
      },
      turnAtOnce,
      async turn(signal) {
        if (turnAtOnce()) return true
        hasTurn = await waitInQueue(owner ?? unknownOwner, signal)
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

/** Counts up or down for a caller and its project; who is at nothing is not kept. */
function addBoth(
  counts: { readonly caller: Map<string, number>; readonly project: Map<string, number> },
  { caller, project }: Owner,
  more: number,
): void {
  add(counts.caller, caller, more)
  add(counts.project, project, more)
}

function add(counts: Map<string, number>, name: string, more: number): void {
  const total = count(counts, name) + more
  if (total > 0) counts.set(name, total)
  else counts.delete(name)
}

function count(counts: ReadonlyMap<string, number>, name: string): number {
  return counts.get(name) ?? 0
}
