import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { ConfirmDialog } from '../../../design/dialog.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import type { DetailKey } from '../detail-key.ts'
import { addressOf, type PublishedTerms } from './published-terms.ts'

const unpublishJwks = graphql(
  `
    mutation UnpublishJwks($input: UnpublishJwksInput!) {
      unpublishJwks(input: $input) {
        ... on UnpublishJwksPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Ends the publication, and says before who will fail. */
export function UnpublishDialog(props: {
  readonly userKey: DetailKey
  readonly terms: PublishedTerms
  readonly onClose: () => void
}) {
  const { userKey, terms, onClose } = props
  const t = useTranslations('publicKeys')
  const toast = useToast()
  const { run, refusal, isRunning } = useChange(unpublishJwks)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const { name } = userKey

  async function unpublish() {
    if ((await run(asSeen)) === null) return
    onClose()
    toast(t('unpublishDone', { name }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('unpublishTitle', { name })}
      confirm={t('unpublishConfirm')}
      onConfirm={() => void unpublish()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <p>
        <strong>{t('unpublishFails', { name, address: addressOf(terms) })}</strong>
      </p>
      <p>{t('unpublishGone')}</p>
    </ConfirmDialog>
  )
}
