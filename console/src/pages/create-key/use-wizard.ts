import { useEffect, useState } from 'react'
import { type Client, useClient } from 'urql'
import type { UserError } from '../../api/user-error.ts'
import type { KeyDraft } from './key-draft.ts'
import { refusalsByStep, type Step } from './steps.ts'

/** How far somebody has come. */
interface Progress {
  readonly draft: KeyDraft
  /** Steps that were left by "Next". */
  readonly done: ReadonlySet<Step>
  readonly refusals: ReadonlyMap<Step, UserError>
}

/**
 * In memory only, and by client, so that no other user sees it. It outlives the page, since the page starts anew when
 * somebody tries again after an outage.
 */
const kept = new WeakMap<Client, Progress>()

/** The draft of a new key, how far it has come, and what is wrong with it. */
export interface Wizard extends Progress {
  change(part: Partial<KeyDraft>): void
  /** Takes a step as done, and forgets what was wrong with it. */
  finish(step: Step): void
  /** Shows what is wrong where it can be mended; answers the first of these steps. */
  refuse(refusal: UserError, steps: readonly Step[]): Step
  /** Forgets everything, as after the key was created. */
  discard(): void
}

/** Keeps the draft while somebody goes back and forth, and asks before the browser throws it away. */
export function useWizard(initial: () => KeyDraft): Wizard {
  const client = useClient()
  const [progress, setProgress] = useState<Progress>(
    () => kept.get(client) ?? { draft: initial(), done: new Set(), refusals: new Map() },
  )
  const latest = () => kept.get(client) ?? progress
  function keep(part: Partial<Progress>) {
    const next = { ...latest(), ...part }
    kept.set(client, next)
    setProgress(next)
  }
  const isTouched = kept.has(client)
  useEffect(() => {
    if (!isTouched) return
    const ask = (event: BeforeUnloadEvent) => {
      if (kept.has(client)) event.preventDefault()
    }
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [client, isTouched])
  return {
    ...progress,
    change(part) {
      const { draft, done } = latest()
      // Entries may have lost conditions that a key of another usage does not have: they are looked at again.
      const isStale = part.usage !== undefined && draft.entries.length > 0
      const stillDone = isStale ? [...done].filter((step) => step !== 'access') : done
      keep({ draft: { ...draft, ...part }, done: new Set(stillDone) })
    },
    finish(step) {
      const refusals = new Map(latest().refusals)
      refusals.delete(step)
      keep({ done: new Set([...latest().done, step]), refusals })
    },
    refuse(refusal, steps) {
      const refusals = refusalsByStep(refusal)
      keep({ refusals })
      return steps.find((step) => refusals.has(step)) ?? 'summary'
    },
    discard: () => void kept.delete(client),
  }
}
