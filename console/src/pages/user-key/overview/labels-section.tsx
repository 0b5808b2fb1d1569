import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { FormDialog } from '../../../design/dialog.tsx'
import { type Pair, pairsInput } from '../../../design/pairs-field.tsx'
import { Section } from '../../../design/section.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { LabelList } from '../../../keys/badges.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import { LabelsEditor } from '../../../keys/labels-editor.tsx'
import type { DetailKey } from '../detail-key.ts'

const labelUserKey = graphql(
  `
    mutation LabelUserKey($input: LabelUserKeyInput!) {
      labelUserKey(input: $input) {
        ... on LabelUserKeyPayload {
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

/** The labels of the key. */
export function LabelsSection(props: { readonly userKey: DetailKey; readonly manages: boolean }) {
  const { userKey, manages } = props
  const t = useTranslations('overview')
  const common = useTranslations('common')
  const [isEditing, setEditing] = useState(false)
  const labels = userKey.labels ?? []
  return (
    <Section
      title={t('labels')}
      actions={
        manages && (
          <Button aria-label={t('editLabels')} onClick={() => setEditing(true)}>
            {common('edit')}
          </Button>
        )
      }
    >
      {labels.length > 0 ? <LabelList labels={labels} /> : <p className="quiet">{t('noLabels')}</p>}
      {isEditing && <LabelsDialog userKey={userKey} onClose={() => setEditing(false)} />}
    </Section>
  )
}

function LabelsDialog(props: { readonly userKey: DetailKey; readonly onClose: () => void }) {
  const { userKey, onClose } = props
  const t = useTranslations('overview')
  const toast = useToast()
  const [before] = useState<readonly Pair[]>(userKey.labels ?? [])
  const [labels, setLabels] = useState(before)
  const { run, refusal, isRunning } = useChange(labelUserKey)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function save() {
    const set = pairsInput(labels)
    const names = new Set(set.map(({ name }) => name))
    const remove = before.map(({ name }) => name).filter((name) => !names.has(name))
    if ((await run({ ...asSeen, set, remove })) === null) return
    onClose()
    toast(t('labelsSaved', { name: userKey.name }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('labelsTitle', { name: userKey.name })}
      onSubmit={() => void save()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <LabelsEditor name="set" labels={labels} onChange={setLabels} />
    </FormDialog>
  )
}
