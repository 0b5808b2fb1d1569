import { useTranslations } from 'use-intl'
import { graphql } from '../../api/graphql.ts'
import { useChange } from '../../api/use-change.ts'
import { userErrorFields } from '../../api/user-error.ts'
import { FormDialog } from '../../design/dialog.tsx'
import { useToast } from '../../design/toasts.tsx'
import { useKeyAsOpened } from '../../keys/changed-meanwhile.tsx'
import type { DetailKey } from './detail-key.ts'

const activateUserKey = graphql(
  `
    mutation ActivateUserKey($input: ActivateUserKeyInput!) {
      activateUserKey(input: $input) {
        ... on ActivateUserKeyPayload {
          version {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Generates the first version of a key. */
export function ActivateDialog(props: { readonly userKey: DetailKey; readonly onClose: () => void }) {
  const { userKey, onClose } = props
  const { name } = userKey
  const t = useTranslations('userKey')
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(activateUserKey)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function activate() {
    if ((await run(asSeen)) === null) return
    onClose()
    toast(t('activated', { name }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('activateTitle', { name })}
      submit={t('activate')}
      onSubmit={() => void activate()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <p>{t('activateText')}</p>
    </FormDialog>
  )
}
