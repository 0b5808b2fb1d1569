/** Most bodies that may be arriving at once. */
export interface ArrivalLimits {
  /** Bodies in their first moments. Most end before they need a slot: they came in two packets instead of one. */
  readonly earlyMax: number
  /** Slots for bodies that take longer. */
  readonly slotsMax: number
}

/** Caller and project that send a body. */
export interface BodyOwner {
  readonly caller: string
  readonly project: string
}

/** Request bodies that are still arriving. */
export interface ArrivingBodies {
  /** Number of bodies that are arriving. */
  readonly count: number
  /**
   * Counts a body: as an early one if there is room for it, and with a slot once it takes longer. If all slots are taken,
   * the caller with most slots in the project with most slots loses its oldest one, so that slow clients make room. An owner
   * that holds no more slots than the newcomer keeps a slot for a while: bodies that displace each other would never end.
   *
   * @param onLost called when the body loses its slot
   * @returns the function that ends the count, which may be called again; null if there is no room
   */
  hold(owner: BodyOwner, onLost: () => void): (() => void) | null
}

interface Slot {
  readonly owner: BodyOwner
  readonly takenAtMs: number
  readonly onLost: () => void
}

/** How long a body counts as early, in milliseconds. */
const earlyMs = 100
/** How long a slot is safe from newcomers with as many slots, in milliseconds. */
const keptMs = 1000

/** Builds the count of arriving bodies. */
export function createArrivingBodies({ earlyMax, slotsMax }: ArrivalLimits): ArrivingBodies {
  /** Oldest first. */
  const taken = new Set<Slot>()
  let early = 0

  /** The slot that a newcomer may take; null if there is none. */
  function slotToDisplace(newcomer: BodyOwner): Slot | null {
    const holdsMore = compareHoldings([...[...taken].map(({ owner }) => owner), newcomer])
    let chosen: Slot | null = null
    for (const slot of taken) {
      if (chosen === null || holdsMore(slot.owner, chosen.owner)) chosen = slot
    }
    if (chosen === null || holdsMore(chosen.owner, newcomer)) return chosen
    return performance.now() - chosen.takenAtMs < keptMs ? null : chosen
  }

  function takeSlot(owner: BodyOwner, onLost: () => void): (() => void) | null {
    if (taken.size >= slotsMax) {
      const displaced = slotToDisplace(owner)
      if (displaced === null) return null
      taken.delete(displaced)
      displaced.onLost()
    }
    const slot = { owner, takenAtMs: performance.now(), onLost }
    taken.add(slot)
    return () => void taken.delete(slot)
  }

  function holdEarly(owner: BodyOwner, onLost: () => void): () => void {
    early++
    let hasLeft = false
    const leave = () => {
      if (!hasLeft) early--
      hasLeft = true
    }
    let giveBack: () => void = leave
    const takesLonger = () => {
      if (hasLeft) return
      leave()
      const slot = takeSlot(owner, onLost)
      if (slot === null) onLost()
      else giveBack = slot
    }
    // Data that arrived while the server was busy is read before the timeout counts.
    const timer = setTimeout(() => setImmediate(takesLonger), earlyMs)
    return () => {
      clearTimeout(timer)
      giveBack()
    }
  }

  return {
    get count() {
      return early + taken.size
    },
    hold(owner, onLost) {
      return early < earlyMax ? holdEarly(owner, onLost) : takeSlot(owner, onLost)
    },
  }
}

/** Builds the comparison of owners: true if the first has more slots, by project and then by caller. */
function compareHoldings(owners: readonly BodyOwner[]): (one: BodyOwner, other: BodyOwner) => boolean {
  const projects = new Map<string, number>()
  const callers = new Map<string, number>()
  for (const { project, caller } of owners) {
    projects.set(project, (projects.get(project) ?? 0) + 1)
    callers.set(caller, (callers.get(caller) ?? 0) + 1)
  }
  const moreOf = (counts: Map<string, number>, one: string, other: string) =>
    (counts.get(one) ?? 0) - (counts.get(other) ?? 0)
  return (one, other) =>
    (moreOf(projects, one.project, other.project) || moreOf(callers, one.caller, other.caller)) > 0
}
