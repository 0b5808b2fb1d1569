import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { useViewer } from '../../../api/viewer.ts'
import { ConfirmDialog } from '../../../design/dialog.tsx'
import { permissionsFor } from '../../../keys/access-entry.ts'
import { kindOfSubject } from '../../../keys/subjects.ts'
import { useValueText } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import { inForce } from './entries.ts'
import { NameList } from './name-list.tsx'
import { useListChange } from './use-list-change.tsx'

const disableAccessControl = graphql(
  `
    mutation DisableAccessControl($input: DisableAccessControlInput!) {
      disableAccessControl(input: $input) {
        ... on DisableAccessControlPayload {
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

/** Opens a key to its project, and says before who then can do what. */
export function DisableDialog(props: { readonly userKey: DetailKey; readonly onClose: () => void }) {
  const t = useTranslations('access.disable')
  const valueText = useValueText()
  const viewer = useViewer()
  const { userKey, onClose } = props
  const { warnings, isBlocked, refusal, isRunning, send } = useListChange(disableAccessControl, {
    userKey,
    after: null,
    done: t('done', { name: userKey.name }),
    onClose,
  })
  const entries = userKey.accessList ?? []
  const limits = inForce(userKey).filter(
    ({ permissions, context, expiresAt }) => permissions !== null || context !== null || expiresAt !== null,
  )
  const services = inForce(userKey)
    .map(({ subject }) => subject.id)
    .filter((subject) => kindOfSubject(subject) === 'SERVICE_AGENT')
  const operations = userKey.usage
    ? permissionsFor(userKey.usage).map((each) => valueText('AccessListPermission', each))
    : []
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('title', { name: userKey.name })}
      confirm={t('confirm')}
      busy={isRunning}
      refusal={refusal}
      blocked={isBlocked}
      onConfirm={() => void send({})}
    >
      <p>
        <strong>{t('everybody', { project: viewer?.projectId ?? '', name: userKey.name })}</strong>{' '}
        {t('operations', { operations: operations.join(', ') })}
      </p>
      {entries.length > 0 && (
        <div>
          <p>{t('cleared', { count: entries.length })}</p>
          <NameList names={entries.map(({ subject }) => subject.id)} />
        </div>
      )}
      {limits.length > 0 && <p>{t('limits', { count: limits.length })}</p>}
      {services.length > 0 && (
        <div>
          <p>{t('services', { count: services.length })}</p>
          <NameList names={services} />
        </div>
      )}
      {warnings}
    </ConfirmDialog>
  )
}
