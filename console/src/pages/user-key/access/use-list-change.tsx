import type { TypedDocumentNode } from 'urql'
import { useTranslations } from 'use-intl'
import { useChange } from '../../../api/use-change.ts'
import { useViewer } from '../../../api/viewer.ts'
import { useAcknowledgement } from '../../../design/acknowledgement.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { asShown, type DetailKey } from '../detail-key.ts'
import { losesAccess, type PlannedEntry } from './entries.ts'

interface ListInput {
  readonly key: string
  readonly expectedRevision?: number | null
  readonly allowLockout?: boolean | null
}

/**
 * A change of the access list of a key, by who might lose its own access with it: that is then asked before, and also
 * where only the server saw it coming.
 */
export function useListChange<Data extends object, Input extends ListInput>(
  document: TypedDocumentNode<Data, { input: Input }>,
  {
    userKey,
    after,
    done,
  }: {
    readonly userKey: DetailKey
    /** The list as it will be; `null` is access control that is off. */
    readonly after: readonly PlannedEntry[] | null
    readonly done: { readonly message: string; readonly onClose: () => void }
  },
) {
  const t = useTranslations('access.lockout')
  const viewer = useViewer()
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(document)
  const wasRefused = refusal?.code === 'LOCKOUT'
  const { isGiven, mayGoOn, field } = useAcknowledgement(wasRefused || losesAccess(viewer, userKey, after), {
    warning: <p>{t('warning', { name: userKey.name })}</p>,
    label: t('label'),
  })
  return {
    /** Asks whoever would lose its access to confirm that; null for others. */
    warning: field,
    mayGoOn,
    isRunning,
    /** What else the server refused. */
    refusal: wasRefused ? null : refusal,
    async send(input: Omit<Input, keyof ListInput>) {
      const shown = asShown(userKey)
      const result = await run({ ...input, ...shown, allowLockout: isGiven } as unknown as Input)
      if (result === null) return
      toast(done.message)
      done.onClose()
    },
  }
}
