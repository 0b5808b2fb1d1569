import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { Dialog } from '../../../design/dialog.tsx'
import { Form } from '../../../design/form.tsx'
import { Notice } from '../../../design/notice.tsx'
import { CallerList } from '../../../keys/caller-list.tsx'
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
  const { warnings, isBlocked, refusal, isRunning, send } = useListChange(enableAccessControl, {
    userKey,
    after: subjects.map((subject) => ({ subject, permissions: null })),
    done: t('done', { name: userKey.name }),
    onClose,
  })
  const missed = useCallers(userKey).filter(({ caller: { id } }) => id !== owner && !subjects.includes(id))
  const names = [...new Set(missed.map(({ caller }) => caller.id))]
  return (
    <Form
      refusal={refusal}
      onSubmit={() => void send({ subjects: [...subjects] })}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" kind="primary" busy={isRunning} disabled={isBlocked}>
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
          <p>{t('missed', { count: names.length })}</p>
          <CallerList callers={missed} />
          <div className="buttons">
            <Button onClick={() => setSubjects([...subjects, ...names])}>{t('addThem')}</Button>
          </div>
        </Notice>
      )}
      {warnings}
    </Form>
  )
}
