import { createFairQueue, type TaskOwner } from '../../fair-queue.ts'

/** Sizes of an admission. */
export interface AdmissionLimits {
  /** Most requests that run at once. */
  readonly runningMax: number
  /** Most requests that are admitted but do not run: they are being read, or are queued. */
  readonly queuedMax: number
  /** Longest time in the queue, in milliseconds. */
  readonly waitMs: number
}

/** An admitted request. It holds a slot until it is released. */
export interface AdmittedRequest {
  /**
   * Marks the request as unauthenticated until it is assigned to a caller; false if there are too many of these. Requests
   * whose token names a caller that was verified before (`isExpected`) are counted apart from the others.
   */
  markUnauthenticated(isExpected: boolean): boolean
  /** Assigns the request to a caller and its project; false if either has its share of the slots already. */
  assign(caller: string, project: string): boolean
  /** Starts to run if it can start now. */
  startNow(): boolean
  /** Starts to run, after waiting in the queue if it must; false if that took too long or the signal was aborted. */
  start(signal?: AbortSignal): Promise<boolean>
  /** Gives the slot back for a while. */
  yieldSlot(): void
  /** Takes a slot again; false if all are taken, or the caller has its share. True if it has one already. */
  retakeSlot(): boolean
  /** Ends running, and keeps the slot. Further calls do nothing. */
  finish(): void
  /** Ends running, and gives the slot back. Further calls do nothing. */
  release(): void
}

/** Admits as many requests as can be served soon. */
export interface Admission {
  /** Number of requests that run. */
  readonly running: number
  /** Number of admitted requests that hold a slot. */
  readonly admitted: number
  /** Admits a request; null if all slots are taken. Costs next to nothing, so that it can be the first step. */
  admit(): AdmittedRequest | null
  /** Resolves once no request holds a slot. */
  untilEmpty(): Promise<void>
}

interface Waiter {
  readonly start: () => void
}

/** Caller and project of a request. */
interface Owner {
  readonly caller: string
  readonly project: string
}

/** Owner of requests that were never assigned. */
const unknownOwner: Owner = { caller: '', project: '' }

interface Queue {
  readonly owner: Owner
  readonly waiters: Set<Waiter>
}

/** Share of all slots for unauthenticated requests of each kind: verifying a token can take as long as an issuer does. */
const unauthenticatedShare = 1 / 4

/** Share of the queue that one caller may have, and that all callers of one project may have. */
const queueShare = { caller: 1 / 2, project: 3 / 4 } as const

/** A caller or project may start another request while it runs fewer than this many times the free run slots. */
const runningForEachFree = 3

/**
 * Builds the admission of a server. There are `runningMax + queuedMax` slots. An admitted request that is ready runs at
 * once or is queued. The next one to run is of the project that runs fewest, and within it of the caller that has waited
 * longest since its last start.
 *
 * No owner can take everything: a caller has at most half of the queue, a project three quarters, and each of them three
 * quarters of the running requests, since slow work would hold them for long. The more owners take their share, the
 * smaller it is. Unauthenticated requests have a share of the slots, so that a slow issuer delays no known caller.
 */
export function createAdmission({ runningMax, queuedMax, waitMs }: AdmissionLimits): Admission {
  const admittedMax = runningMax + queuedMax
  const slotsMax = {
    caller: runningMax + Math.ceil(queuedMax * queueShare.caller),
    project: runningMax + Math.ceil(queuedMax * queueShare.project),
  }
  const slotsOf = { caller: new Map<string, number>(), project: new Map<string, number>() }
  const runningOf = { caller: new Map<string, number>(), project: new Map<string, number>() }
  /** Queues by caller; a caller goes to the end with each start. */
  const queues = new Map<string, Queue>()
  const unauthenticatedMax = Math.max(1, Math.floor(admittedMax * unauthenticatedShare))
  const unauthenticated = { expected: 0, others: 0 }
  let running = 0
  let admitted = 0
  let onEmpty: (() => void)[] = []

  function mayStart({ caller, project }: Owner): boolean {
    const max = runningForEachFree * (runningMax - running)
    return count(runningOf.caller, caller) < max && count(runningOf.project, project) < max
  }

  function mayHoldSlot({ caller, project }: Owner): boolean {
    return (
      count(slotsOf.caller, caller) < slotsMax.caller && count(slotsOf.project, project) < slotsMax.project
    )
  }

  function run(owner: Owner): void {
    running++
    addBoth(runningOf, owner, 1)
  }

  /** The queue of the project that runs fewest, the first one among equals; null if no queued request may start. */
  function nextQueue(): Queue | null {
    let next: Queue | null = null
    for (const queue of queues.values()) {
      if (!mayStart(queue.owner)) continue
      const isBefore =
        next === null ||
        count(runningOf.project, queue.owner.project) < count(runningOf.project, next.owner.project)
      if (isBefore) next = queue
    }
    return next
  }

  /** Starts the next queued request; false if none may start. */
  function startNext(): boolean {
    const next = nextQueue()
    const [waiter] = next?.waiters ?? []
    if (next === null || waiter === undefined) return false
    const { owner, waiters } = next
    waiters.delete(waiter)
    queues.delete(owner.caller)
    if (waiters.size > 0) queues.set(owner.caller, next)
    run(owner)
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

  function createAdmitted(): AdmittedRequest {
    let owner: Owner | null = null
    let isRunning = false
    let hasSlot = true
    let unauthenticatedAs: keyof typeof unauthenticated | null = null

    function endUnauthenticated(): void {
      if (unauthenticatedAs !== null) unauthenticated[unauthenticatedAs]--
      unauthenticatedAs = null
    }

    function finish(): void {
      if (!isRunning) return
      isRunning = false
      running--
      addBoth(runningOf, owner ?? unknownOwner, -1)
      // Can start two: one of another caller, and one of this caller, which now runs fewer.
      while (startNext());
    }

    function yieldSlot(): void {
      if (!hasSlot) return
      hasSlot = false
      admitted--
      if (owner !== null) addBoth(slotsOf, owner, -1)
      if (admitted > 0) return
      for (const tell of onEmpty) tell()
      onEmpty = []
    }

    function startNow(): boolean {
      // Overtakes nobody: a request that ends starts all queued ones that may start.
      if (!mayStart(owner ?? unknownOwner)) return false
      run(owner ?? unknownOwner)
      isRunning = true
      return true
    }

    return {
      markUnauthenticated(isExpected) {
        const kind = isExpected ? 'expected' : 'others'
        if (unauthenticated[kind] >= unauthenticatedMax) return false
        unauthenticated[kind]++
        unauthenticatedAs = kind
        return true
      },
      assign(caller, project) {
        endUnauthenticated()
        const named = { caller, project }
        if (!mayHoldSlot(named)) return false
        addBoth(slotsOf, named, 1)
        owner = named
        return true
      },
      yieldSlot,
      retakeSlot() {
        if (hasSlot) return true
        if (admitted >= admittedMax || (owner !== null && !mayHoldSlot(owner))) return false
        hasSlot = true
        admitted++
        if (owner !== null) addBoth(slotsOf, owner, 1)
        return true
      },
      startNow,
      async start(signal) {
        if (startNow()) return true
        isRunning = await waitInQueue(owner ?? unknownOwner, signal)
        return isRunning
      },
      finish,
      release() {
        endUnauthenticated()
        finish()
        yieldSlot()
      },
    }
  }

  return {
    get running() {
      return running
    },
    get admitted() {
      return admitted
    },
    admit() {
      if (admitted >= admittedMax) return null
      admitted++
      return createAdmitted()
    },
    async untilEmpty() {
      if (admitted > 0) await new Promise<void>((resolve) => onEmpty.push(resolve))
    },
  }
}

/** Adds to the counts of a caller and of its project. Counts of 0 are dropped. */
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

/** Hands out the event loop to steps that take long without a pause, such as parsing a large body. */
export interface LoopTurns {
  /**
   * Resolves when the owner may run one such step. There is one in each round of the event loop: between two of them the
   * short requests that have arrived are served. Projects take turns, and within a project its callers.
   *
   * @throws the reason of the owner's signal, if that is aborted before its turn
   */
  next(owner: TaskOwner): Promise<void>
}

/** Builds the turns of an event loop. */
export function createLoopTurns(): LoopTurns {
  const queue = createFairQueue({ slots: 1 })
  return {
    next(owner) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const occupyRound = () => {
        resolve()
        return new Promise<void>((endRound) => setImmediate(endRound))
      }
      queue.run(owner, occupyRound).catch(reject)
      return promise
    },
  }
}
