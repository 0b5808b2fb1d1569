/** The place of a query in an array of `$transaction`. */
export interface ArrayPlace {
  /** Resolves when all queries of the array are ready. Rejects if one of them cannot be sent. */
  ready(): Promise<void>
  /** The query will not be sent; neither will the others. */
  fail(error: unknown): void
}

interface Gate {
  waiting: number
  readonly opened: Promise<void>
  readonly open: () => void
  readonly fail: (error: unknown) => void
}

/** Places of queries that are in no array. */
const noArray: ArrayPlace = { ready: async () => {}, fail() {} }

/**
 * Holds queries of one array back until all of them are prepared. Prisma sends those of one moment as one transaction:
 * without this, a query that asks Keystead first would be sent by itself, and the array would not be atomic.
 */
export function createArrayTransactions(): { enter(transaction: unknown): ArrayPlace } {
  const gates = new Map<unknown, Gate>()

  function gateOf(id: unknown): Gate {
    const known = gates.get(id)
    if (known !== undefined) return known
    const { promise, resolve, reject } = settler()
    promise.catch(() => {})
    const gate: Gate = { waiting: 0, opened: promise, open: resolve, fail: reject }
    gates.set(id, gate)
    return gate
  }

  return {
    enter(transaction) {
      const { kind, id } = (transaction ?? {}) as { readonly kind?: unknown; readonly id?: unknown }
      if (kind !== 'batch') return noArray
      const gate = gateOf(id)
      gate.waiting += 1
      return {
        async ready() {
          // The other queries of the array enter before this one goes on: Prisma starts all of them at once.
          await new Promise((resolve) => setImmediate(resolve))
          gate.waiting -= 1
          if (gate.waiting === 0) {
            gates.delete(id)
            gate.open()
          }
          await gate.opened
        },
        fail(error) {
          gate.fail(error)
          setImmediate(() => gates.delete(id))
        },
      }
    },
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function settler(): {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
} {
  let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) }
}
