import { useTranslations } from 'use-intl'
import { type EnumOf, graphql } from '../api/graphql.ts'
import { useChange } from '../api/use-change.ts'
import { userErrorFields } from '../api/user-error.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Form } from '../design/form.tsx'
import { useToast } from '../design/toasts.tsx'

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
export interface RotatableKey {
  readonly id: string
  readonly name: string
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
export function RotateDialog(props: {
  readonly userKey: RotatableKey
  readonly open: boolean
  readonly onClose: () => void
}) {
  const { userKey, open, onClose } = props
  const t = useTranslations('rotateKey')
  const common = useTranslations('common')
  const toast = useToast()
  const { run, refusal, isRunning, reset } = useChange(rotateUserKey)
  const number = userKey.defaultVersion?.number ?? null
  const cycle = userKey.automaticRotation?.enabled ? userKey.automaticRotation.cycleDays : null

  function close() {
    reset()
    onClose()
  }
  async function rotate() {
    const done = await run({ key: userKey.id, expectedDefaultVersionNumber: number })
    if (done === null) return
    close()
    toast(t('done', { name: userKey.name, number: done.userKey.defaultVersion?.number ?? 0 }))
  }
  return (
    <Dialog open={open} onClose={close} title={t('title', { name: userKey.name })}>
      <Form
        refusal={refusal}
        onSubmit={() => void rotate()}
        buttons={
          <>
            <Button onClick={close}>{common('cancel')}</Button>
            <Button type="submit" kind="primary" busy={isRunning}>
              {t('confirm')}
            </Button>
          </>
        }
      >
        <ul className="consequences">
          <li>{number === null ? t('newVersion') : t('nextVersion', { number: number + 1 })}</li>
          {number !== null && <li>{t('olderStay')}</li>}
          {userKey.type === 'ASYMMETRIC' && <li>{t('publicKey')}</li>}
          {cycle !== null && <li>{t('cycle', { count: cycle })}</li>}
        </ul>
      </Form>
    </Dialog>
  )
}
