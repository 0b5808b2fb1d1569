import { useTranslations } from 'use-intl'
import { graphql } from '../api/graphql.ts'
import { useChange } from '../api/use-change.ts'
import { userErrorFields } from '../api/user-error.ts'
import { ConfirmDialog } from '../design/dialog.tsx'
import { useToast } from '../design/toasts.tsx'
import { type ComparedKey, useKeyAsOpened } from './changed-meanwhile.tsx'

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
  readonly userKey: ComparedKey & { readonly aliases: readonly string[] | null }
  readonly onClose: () => void
  /** Where the page of the key is left. */
  readonly onDeleted?: () => void
}) {
  const { userKey, onClose, onDeleted } = props
  const { name, aliases } = userKey
  const t = useTranslations('deleteKey')
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(deleteUserKey)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function remove(confirmName: string) {
    if ((await run({ ...asSeen, confirmName })) === null) return
    onClose()
    toast(t('done', { name }))
    onDeleted?.()
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('title', { name })}
      confirm={t('confirm')}
      onConfirm={(typed) => void remove(typed)}
      busy={isRunning}
      refusal={refusal}
      typeName={name}
    >
      {changes}
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
