/** Owner of a task. */
export interface TaskOwner {
  readonly project: string
  readonly caller: string
  /** Once it is aborted, a task that has not started is dropped. Null for tasks that cannot be abandoned. */
  readonly signal: AbortSignal | null
}

/** Runs a bounded number of tasks at once; slots go round by project, and within a project by caller. */
export interface FairQueue {
  /** @throws the reason of the owner's signal, if that is aborted before the task has started */
  run<T>(owner: TaskOwner, task: () => Promise<T>): Promise<T>
  readonly running: number
  readonly waiting: number
}

/** Tasks of one owner: a caller, or a project with its callers. */
interface Share {
  running: number
}

interface ProjectShare extends Share {
  readonly callers: Map<string, CallerShare>
}

interface CallerShare extends Share {
  readonly waiting: Set<() => void>
}

/**
 * Builds a queue. A free slot goes to the project with the fewest running tasks. Among equals, it goes to the project
 * that was served longest ago. The same rule picks the caller within the project. The order of arrival only counts among
 * tasks of one caller, so that a long queue of one project does not delay another project.
 */
export function createFairQueue({
  slots,
  slotsPerProject = slots,
}: {
  readonly slots: number
  readonly slotsPerProject?: number
}): FairQueue {
  /** Projects with a running or a waiting task; those that arrived or were served last are at the end. */
  const projects = new Map<string, ProjectShare>()
  let running = 0
  let waiting = 0

  function shareOf({ project, caller }: TaskOwner): { ofProject: ProjectShare; ofCaller: CallerShare } {
    const ofProject = projects.get(project) ?? { running: 0, callers: new Map<string, CallerShare>() }
    const ofCaller = ofProject.callers.get(caller) ?? { running: 0, waiting: new Set() }
    projects.set(project, ofProject)
    ofProject.callers.set(caller, ofCaller)
    return { ofProject, ofCaller }
  }

  function forgetIdle({ project, caller }: TaskOwner): void {
    const ofProject = projects.get(project)
    const ofCaller = ofProject?.callers.get(caller)
    if (ofProject === undefined || ofCaller === undefined) return
    if (ofCaller.running === 0 && ofCaller.waiting.size === 0) ofProject.callers.delete(caller)
    if (ofProject.callers.size === 0) projects.delete(project)
  }

  function startNext(): void {
    while (running < slots) {
      const project = nextOf(projects, (each) => each.running < slotsPerProject && hasWaiting(each))
      if (project === null) return
      const [start] = nextOf(project.callers, ({ waiting }) => waiting.size > 0)?.waiting ?? []
      if (start === undefined) throw new TypeError('a project that waits has a task')
      start()
    }
  }

  function waitForSlot(owner: TaskOwner): Promise<void> {
    const { signal } = owner
    const { ofProject, ofCaller } = shareOf(owner)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      ofCaller.waiting.delete(start)
      waiting--
      signal?.removeEventListener('abort', drop)
    }
    const start = () => {
      leave()
      running++
      ofProject.running++
      ofCaller.running++
      resolve()
    }
    const drop = () => {
      leave()
      forgetIdle(owner)
      reject(signal?.reason)
    }
    waiting++
    ofCaller.waiting.add(start)
    signal?.addEventListener('abort', drop)
    startNext()
    return promise
  }

  return {
    async run(owner, task) {
      owner.signal?.throwIfAborted()
      await waitForSlot(owner)
      try {
        return await task()
      } finally {
        const { ofProject, ofCaller } = shareOf(owner)
        running--
        ofProject.running--
        ofCaller.running--
        moveToEnd(projects, owner.project, ofProject)
        moveToEnd(ofProject.callers, owner.caller, ofCaller)
        forgetIdle(owner)
        startNext()
      }
    },
    get running() {
      return running
    },
    get waiting() {
      return waiting
    },
  }
}

function hasWaiting({ callers }: ProjectShare): boolean {
  for (const { waiting } of callers.values()) if (waiting.size > 0) return true
  return false
}

/** The eligible share with the fewest running tasks; the first one among equals. */
function nextOf<S extends Share>(
  shares: ReadonlyMap<string, S>,
  isEligible: (share: S) => boolean,
): S | null {
  let next: S | null = null
  for (const share of shares.values()) {
    if (isEligible(share) && (next === null || share.running < next.running)) next = share
  }
  return next
}

function moveToEnd<S>(shares: Map<string, S>, name: string, share: S): void {
  shares.delete(name)
  shares.set(name, share)
}
