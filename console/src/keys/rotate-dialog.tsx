import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { type EnumOf, graphql } from '../api/graphql.ts'
import { useChange } from '../api/use-change.ts'
import { userErrorFields } from '../api/user-error.ts'
import { useAcknowledgement } from '../design/acknowledgement.tsx'
import { FormDialog } from '../design/dialog.tsx'
import { useToast } from '../design/toasts.tsx'
import { type ComparedKey, useKeyAsOpened } from './changed-meanwhile.tsx'

const rotateUserKey = graphql(
  `
    mutation RotateUserKey($input: RotateUserKeyInput!) {
      rotateUserKey(input: $input) {
        ... on RotateUserKeyPayload {
          userKey {
            id
            defaultVersion {
              id
              number
            }
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** What the dialog says of the key. */
export interface RotatableKey extends ComparedKey {
  readonly type: EnumOf<'KeyType'> | null
  readonly defaultVersion: { readonly number: number } | null
  readonly automaticRotation: { readonly enabled: boolean; readonly cycleDays: number } | null
}

/** True if the state of a key allows rotation, and its viewer may rotate it. */
export const canRotate = (userKey: {
  readonly status: EnumOf<'KeyStatus'> | null
  readonly origin: EnumOf<'KeyOrigin'> | null
  readonly viewerPermissions: readonly EnumOf<'KeyPermission'>[] | null
}): boolean =>
  userKey.origin === 'KEYSTEAD' &&
  userKey.status !== 'PRE_ACTIVATION' &&
  (userKey.viewerPermissions?.includes('MANAGE') ?? false)

/** Says what rotation means, and rotates a key. A version that somebody else has added meanwhile is a conflict. */
export function RotateDialog(props: { readonly userKey: RotatableKey; readonly onClose: () => void }) {
  const { userKey, onClose } = props
  const t = useTranslations('rotateKey')
  const toast = useToast()
  const [isTooNew, setTooNew] = useState(false)
  const { run, refusal, isRunning } = useChange(rotateUserKey, {
    onRefusal: ({ codeText }) => setTooNew(codeText === 'NEXT_VERSION_TOO_NEW'),
  })
  const unknownKey = useAcknowledgement(isTooNew, {
    warning: <p>{t('tooNew')}</p>,
    label: t('tooNewConsent'),
  })
  const { seen, asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const number = userKey.defaultVersion?.number ?? null
  const cycle = userKey.automaticRotation?.enabled ? userKey.automaticRotation.cycleDays : null

  async function rotate() {
    const expectedDefaultVersionNumber = seen.defaultVersion?.number ?? null
    const allowUnknownKey = unknownKey.isGiven
    const done = await run({ ...asSeen, expectedDefaultVersionNumber, allowUnknownKey })
    if (done === null) return
    onClose()
    toast(t('done', { name: userKey.name, number: done.userKey.defaultVersion?.number ?? 0 }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('title', { name: userKey.name })}
      submit={t('confirm')}
      onSubmit={() => void rotate()}
      busy={isRunning}
      refusal={isTooNew ? null : refusal}
    >
      {changes}
      <ul className="consequences">
        <li>{number === null ? t('newVersion') : t('nextVersion', { number: number + 1 })}</li>
        {number !== null && <li>{t('olderStay')}</li>}
        {userKey.type === 'ASYMMETRIC' && <li>{t('publicKey')}</li>}
        {cycle !== null && <li>{t('cycle', { count: cycle })}</li>}
      </ul>
      {unknownKey.field}
    </FormDialog>
  )
}
