import type { ReactNode } from 'react'
import type { TypedDocumentNode } from 'urql'
import { useChange } from '../../../api/use-change.ts'
import type { UserError } from '../../../api/user-error.ts'
import { useViewer } from '../../../api/viewer.ts'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import { useLockoutConsent } from '../../../keys/lockout.tsx'
import type { DetailKey } from '../detail-key.ts'
import { keepersOf, losesAccess, type PlannedEntry } from './entries.ts'

interface ListInput {
  readonly key: string
  readonly expectedRevision?: number | null
  readonly allowLockout?: boolean | null
}

/** A change of the access list of a key, for its dialog. */
interface ListChange<Input> {
  /** What others have changed meanwhile, and the question to those who would lose their own access. */
  readonly warnings: ReactNode
  /** True while that question is not answered. */
  readonly isBlocked: boolean
  readonly isRunning: boolean
  readonly refusal: UserError | null
  send(input: Omit<Input, keyof ListInput>): Promise<void>
}

/** Changes the access list of a key as it was when the dialog was opened. */
export function useListChange<Data extends object, Input extends ListInput>(
  document: TypedDocumentNode<Data, { input: Input }>,
  change: {
    readonly userKey: DetailKey
    /** The list as it will be; `null` is access control that is off. */
    readonly after: readonly PlannedEntry[] | null
    /** What the toast says. */
    readonly done: string
    readonly onClose: () => void
  },
): ListChange<Input> {
  const { userKey, after } = change
  const viewer = useViewer()
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(document)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const consent = useLockoutConsent(
    refusal,
    keepersOf(userKey, after ?? []),
    losesAccess(viewer, userKey, after),
  )
  return {
    warnings: (
      <>
        {changes}
        {consent.question}
      </>
    ),
    isBlocked: consent.isMissing,
    isRunning,
    refusal: consent.refusal,
    async send(input) {
      const { allowLockout } = consent
      if ((await run({ ...input, ...asSeen, allowLockout } as unknown as Input)) === null) return
      change.onClose()
      toast(change.done)
    },
  }
}
