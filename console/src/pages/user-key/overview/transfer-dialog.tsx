import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { ConfirmDialog } from '../../../design/dialog.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import { useLockoutConsent } from '../../../keys/lockout.tsx'
import { SubjectField } from '../../../keys/subject-picker.tsx'
import type { DetailKey } from '../detail-key.ts'

const transferOwnership = graphql(
  `
    mutation TransferOwnership($input: TransferOwnershipInput!) {
      transferOwnership(input: $input) {
        ... on TransferOwnershipPayload {
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

/** Gives a key to another owner, after it was said who then has what. */
export function TransferDialog(props: {
  readonly userKey: DetailKey
  readonly isOwner: boolean
  readonly ownSubjects: readonly string[]
  readonly onClose: () => void
}) {
  const { userKey, isOwner, ownSubjects, onClose } = props
  const { name } = userKey
  const t = useTranslations('overview')
  const toast = useToast()
  const [typed, setTyped] = useState('')
  const to = typed.trim()
  const owner = userKey.owner?.id ?? ''
  const { run, refusal, isRunning } = useChange(transferOwnership)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const listed = (userKey.accessList ?? [])
    .filter(({ expired }) => !expired)
    .map(({ subject }) => subject.id)
    .filter((subject) => !ownSubjects.includes(subject))
  const consent = useLockoutConsent(refusal, [...new Set([to, ...listed])])

  async function transfer() {
    if ((await run({ ...asSeen, to, allowLockout: consent.allowLockout })) === null) return
    onClose()
    toast(t('transferred', { name, to }))
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('transferTitle', { name })}
      confirm={t('transferConfirm')}
      onConfirm={() => void transfer()}
      busy={isRunning}
      refusal={consent.refusal}
      blocked={consent.isMissing}
    >
      {changes}
      <SubjectField
        name="to"
        label={t('newOwner')}
        hint={t('newOwnerHint')}
        value={typed}
        onChange={setTyped}
        without={[owner]}
        required
      />
      <ul className="consequences">
        <li>{t('newOwnerGets')}</li>
        <li>{isOwner ? t('youLose') : t('ownerLoses', { owner })}</li>
        {userKey.accessControlEnabled && <li>{t('listStays')}</li>}
      </ul>
      {consent.question}
    </ConfirmDialog>
  )
}
