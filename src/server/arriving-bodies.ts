/** How many bodies may be arriving at once. */
export interface ArrivalLimits {
  /** Bodies that have just begun: most end before they need a slot, having come in two packets instead of one. */
  readonly earlyMax: number
  /** Slots for those that take longer. */
  readonly slotsMax: number
}

/** The bodies of requests that are still arriving. */
export interface ArrivingBodies {
  /** How many there are. */
  readonly count: number
  /**
   * Counts a body in: as one that has just begun if there may be more of these, and for as long as that lasts, then with
   * a slot. Where all slots are taken, the caller with the most of them loses the one that it has had for longest: slow
   * clients make room, whoever comes. But a slot is not taken at once from a caller with no more than who comes: to
   * displace each body by the next would help nobody.
   *
   * @param onLost called where the body has to make room for others
   * @returns what counts it out, of which further calls do nothing; null if it cannot be counted in
   */
  hold(caller: string, onLost: () => void): (() => void) | null
}

interface Slot {
  readonly caller: string
  readonly takenAtMs: number
  readonly onLost: () => void
}

/** How long a body counts as one that has just begun. */
const earlyMs = 100
/** How long a slot is not taken from a caller for one with as many. */
const keptMs = 1000

/** Builds the count of bodies that are arriving. */
export function createArrivingBodies({ earlyMax, slotsMax }: ArrivalLimits): ArrivingBodies {
  /** Slots of each caller, the oldest first. */
  const taken = new Map<string, Set<Slot>>()
  let slotCount = 0
  let early = 0

  function release(slot: Slot): void {
    const slots = taken.get(slot.caller)
    if (!slots?.delete(slot)) return
    if (slots.size === 0) taken.delete(slot.caller)
    slotCount--
  }

  /** The oldest slot of the caller that has the most, with one more for who comes; of several such, the oldest. */
  function slotToDisplace(comer: string): Slot | null {
    const ownCount = (taken.get(comer)?.size ?? 0) + 1
    let chosen: Slot | null = null
    let most = 0
    for (const [caller, slots] of taken) {
      const [oldest] = slots
      const size = caller === comer ? ownCount : slots.size
      if (oldest === undefined || size < most) continue
      if (size > most || chosen === null || oldest.takenAtMs < chosen.takenAtMs) chosen = oldest
      most = size
    }
    const isKept = chosen !== null && most <= ownCount && performance.now() - chosen.takenAtMs < keptMs
    return isKept ? null : chosen
  }

  function takeSlot(caller: string, onLost: () => void): (() => void) | null {
    if (slotCount >= slotsMax) {
      const displaced = slotToDisplace(caller)
      if (displaced === null) return null
      release(displaced)
      displaced.onLost()
    }
    const slot = { caller, takenAtMs: performance.now(), onLost }
    taken.set(caller, (taken.get(caller) ?? new Set()).add(slot))
    slotCount++
    return () => release(slot)
  }

  function holdEarly(caller: string, onLost: () => void): () => void {
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
      const slot = takeSlot(caller, onLost)
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
      return early + slotCount
    },
    hold(caller, onLost) {
      return early < earlyMax ? holdEarly(caller, onLost) : takeSlot(caller, onLost)
    },
  }
}
