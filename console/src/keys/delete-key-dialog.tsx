import { useTranslations } from 'use-intl'
import { graphql } from '../api/graphql.ts'
import { useChange } from '../api/use-change.ts'
import { userErrorFields } from '../api/user-error.ts'
import { ConfirmDialog } from '../design/dialog.tsx'
import { useToast } from '../design/toasts.tsx'

const deleteUserKey = graphql(
  `
    mutation DeleteUserKey($input: DeleteUserKeyInput!) {
      deleteUserKey(input: $input) {
        ... on DeleteUserKeyPayload {
          deletedKeyId
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Says what deletion means, and deletes a key after its name has been typed. Only for keys that are `deletable`. */
export function DeleteKeyDialog(props: {
  readonly userKey: {
    readonly id: string
    readonly name: string
    readonly revision: number | null
    readonly aliases: readonly string[] | null
  }
  readonly open: boolean
  readonly onClose: () => void
  /** Where the page of the key is left. */
  readonly onDeleted?: () => void
}) {
  const { userKey, open, onClose, onDeleted } = props
  const { id, name, revision, aliases } = userKey
  const t = useTranslations('deleteKey')
  const toast = useToast()
  const { run, refusal, isRunning, reset } = useChange(deleteUserKey)

  function close() {
    reset()
    onClose()
  }
  async function remove(confirmName: string) {
    if ((await run({ key: id, confirmName, expectedRevision: revision })) === null) return
    close()
    toast(t('done', { name }))
    onDeleted?.()
  }
  return (
    <ConfirmDialog
      open={open}
      onClose={close}
      title={t('title', { name })}
      confirm={t('confirm')}
      onConfirm={(typed) => void remove(typed)}
      busy={isRunning}
      refusal={refusal}
      typeName={name}
    >
      <p>{t('forever')}</p>
      <ul className="consequences">
        <li>{t('nothingOpens')}</li>
        <li>{t('nameIsFree', { name })}</li>
        {aliases !== null && aliases.length > 0 && (
          <li>{t('aliases', { count: aliases.length, aliases: aliases.join(', ') })}</li>
        )}
        <li>{t('activityStays')}</li>
      </ul>
    </ConfirmDialog>
  )
}
