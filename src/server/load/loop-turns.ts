import { createFairQueue, type TaskOwner } from '../../fair-queue.ts'

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
