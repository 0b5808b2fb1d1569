import { createFairQueue, type FairQueue, type TaskOwner } from '../fair-queue.ts'

/**
 * How long a task takes. SHORT: milliseconds, such as an RSA signature. LONG: seconds, such as the generation of an RSA
 * key. Each has slots of its own, so that a short task never waits for a long one.
 */
export type TaskLength = 'SHORT' | 'LONG'

/** Runs work that takes long on behalf of one caller. All work in Node's thread pool goes through it. */
export type SlowWork = <T>(length: TaskLength, task: () => Promise<T>) => Promise<T>

/** Shares the slots for slow work among all who need them. */
export interface SlowWorkScheduler {
  /** Slow work of one owner. It throws the reason of the owner's signal for a task that is dropped. */
  for(owner: TaskOwner): SlowWork
  /** Tasks that run and tasks that wait, by length. */
  readonly load: Readonly<Record<TaskLength, Pick<FairQueue, 'running' | 'waiting'>>>
}

/** Tasks that may run at once, by length. */
export type Slots = Readonly<Record<TaskLength, number>>

/** Threads of libuv unless UV_THREADPOOL_SIZE is set. */
const poolThreadsDefault = 4

/**
 * Slots on a machine with so many processors. One processor is left to the event loop. There are at least two slots for
 * long tasks: a project has one fewer, so that another project's first key is never behind it.
 */
function slotsOf(processors: number): Slots {
  return { SHORT: Math.max(1, processors - 1), LONG: Math.max(2, Math.floor(processors / 4)) }
}

/**
 * Threads that the pool needs so that some are always free for what does not go through the scheduler: the signatures of
 * tokens, files and name look-ups. libuv gives up to half of all threads to name look-ups.
 */
export function poolThreadsFor(processors: number): number {
  const { SHORT, LONG } = slotsOf(processors)
  return 2 * (SHORT + LONG + 2)
}

/** Slots in a pool that may be smaller than {@link poolThreadsFor}: slow work never takes its last thread. */
export function slotsFor(processors: number, poolThreads: number = poolThreadsDefault): Slots {
  const { SHORT, LONG } = slotsOf(processors)
  const long = Math.max(1, Math.min(LONG, poolThreads - 2))
  return { SHORT: Math.max(1, Math.min(SHORT, poolThreads - 1 - long)), LONG: long }
}

/** Builds the scheduler. The thread pool belongs to the process, and so should the scheduler. */
export function createSlowWork(slots: Slots): SlowWorkScheduler {
  const queues: Readonly<Record<TaskLength, FairQueue>> = {
    SHORT: createFairQueue({ slots: slots.SHORT }),
    LONG: createFairQueue({ slots: slots.LONG, slotsPerProject: Math.max(1, slots.LONG - 1) }),
  }
  return {
    for: (owner) => (length, task) => queues[length].run(owner, task),
    load: queues,
  }
}
