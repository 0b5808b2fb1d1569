import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { Dialog } from '../../../design/dialog.tsx'
import { Form } from '../../../design/form.tsx'
import { Notice } from '../../../design/notice.tsx'
import { SubjectsField } from '../../../keys/subject-picker.tsx'
import type { DetailKey } from '../detail-key.ts'
import { useCallers } from './callers.ts'
import { useListChange } from './use-list-change.tsx'

const enableAccessControl = graphql(
  `
    mutation EnableAccessControl($input: EnableAccessControlInput!) {
      enableAccessControl(input: $input) {
        ... on EnableAccessControlPayload {
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

interface Props {
  readonly userKey: DetailKey
  readonly onClose: () => void
}

/** Limits a key to its owner and a list, and says before who used it and is not on it. */
export function EnableDialog(props: Props) {
  const t = useTranslations('access.enable')
  return (
    <Dialog open onClose={props.onClose} title={t('title', { name: props.userKey.name })}>
      <EnableForm {...props} />
    </Dialog>
  )
}

function EnableForm({ userKey, onClose }: Props) {
  const t = useTranslations('access.enable')
  const common = useTranslations('common')
  const [subjects, setSubjects] = useState<readonly string[]>([])
  const owner = userKey.owner?.id ?? ''
  const { warning, mayGoOn, refusal, isRunning, send } = useListChange(enableAccessControl, {
    userKey,
    after: subjects.map((subject) => ({ subject, permissions: null })),
    done: { message: t('done', { name: userKey.name }), onClose },
  })
  const missed = useCallers(userKey).filter(({ subject }) => subject !== owner && !subjects.includes(subject))
  return (
    <Form
      refusal={refusal}
      onSubmit={() => void send({ subjects: [...subjects] })}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" kind="primary" busy={isRunning} disabled={!mayGoOn}>
            {t('action')}
          </Button>
        </>
      }
    >
      <p>{t('text', { owner })}</p>
      <SubjectsField
        name="subjects"
        label={t('subjects')}
        value={subjects}
        without={[owner]}
        onChange={setSubjects}
      />
      {missed.length > 0 && (
        <Notice tone="waiting">
          <p>{t('missed', { count: missed.length })}</p>
          <ul>
            {missed.map(({ subject, operations }) => (
              <li key={subject}>
                <code>{subject}</code> – {t('operations', { count: operations })}
              </li>
            ))}
          </ul>
          <div className="buttons">
            <Button onClick={() => setSubjects([...subjects, ...missed.map(({ subject }) => subject)])}>
              {t('addThem')}
            </Button>
          </div>
        </Notice>
      )}
      {warning}
    </Form>
  )
}
