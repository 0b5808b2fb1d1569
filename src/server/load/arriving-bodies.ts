/** How many bodies may be arriving at once. */
export interface ArrivalLimits {
  /** Bodies that have just begun: most end before they need a slot, having come in two packets instead of one. */
  readonly earlyMax: number
  /** Slots for those that take longer. */
  readonly slotsMax: number
}

/** Whose body it is. */
export interface BodyOwner {
  readonly caller: string
  readonly project: string
}

/** The bodies of requests that are still arriving. */
export interface ArrivingBodies {
  /** How many there are. */
  readonly count: number
  /**
   * Counts a body in: as one that has just begun if there may be more of these, and for as long as that lasts, then with
   * a slot. Where all slots are taken, the project with the most of them, and in it the caller with the most, loses the
   * one that it has had for longest: slow clients make room, whoever comes. But a slot is not taken at once from those
   * with no more than who comes: to displace each body by the next would help nobody.
   *
   * @param onLost called where the body has to make room for others
   * @returns what counts it out, of which further calls do nothing; null if it cannot be counted in
   */
  hold(owner: BodyOwner, onLost: () => void): (() => void) | null
}

interface Slot {
  readonly owner: BodyOwner
  readonly takenAtMs: number
  readonly onLost: () => void
}

/** How long a body counts as one that has just begun. */
const earlyMs = 100
/** How long a slot is not taken from those with no more slots than who comes. */
const keptMs = 1000

/** Builds the count of bodies that are arriving. */
export function createArrivingBodies({ earlyMax, slotsMax }: ArrivalLimits): ArrivingBodies {
  /** The oldest first. */
  const taken = new Set<Slot>()
  let early = 0

  /** The slot that makes room for who comes; null if none has to. */
  function slotToDisplace(comer: BodyOwner): Slot | null {
    const holdsMore = compareHoldings([...[...taken].map(({ owner }) => owner), comer])
    let chosen: Slot | null = null
    for (const slot of taken) {
      if (chosen === null || holdsMore(slot.owner, chosen.owner)) chosen = slot
    }
    if (chosen === null || holdsMore(chosen.owner, comer)) return chosen
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
    // What has arrived while the server was busy is read before the time counts as over.
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

/** Whether one owner has more slots than another: by its project, then by itself. */
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
