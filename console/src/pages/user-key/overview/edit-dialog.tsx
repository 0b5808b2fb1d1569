import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { FormDialog } from '../../../design/dialog.tsx'
import { CheckField, TextArea, TextField } from '../../../design/fields.tsx'
import { Notice } from '../../../design/notice.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import type { DetailKey } from '../detail-key.ts'

const updateUserKey = graphql(
  `
    mutation UpdateUserKey($input: UpdateUserKeyInput!) {
      updateUserKey(input: $input) {
        ... on UpdateUserKeyPayload {
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

/** Changes name, description, and whether queries may decrypt. What is not touched stays as others have made it. */
export function EditDialog(props: {
  readonly userKey: DetailKey
  readonly canBeDecryptable: boolean
  readonly onClose: () => void
}) {
  const { userKey, canBeDecryptable, onClose } = props
  const t = useTranslations('overview')
  const toast = useToast()
  const [opened] = useState(userKey)
  const [name, setName] = useState(opened.name)
  const [description, setDescription] = useState(opened.description)
  const [decryptableInGraph, setDecryptable] = useState(opened.decryptableInGraph ?? false)
  const { run, refusal, isRunning } = useChange(updateUserKey)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)

  async function save() {
    const edits = {
      ...(name !== opened.name && { name }),
      ...(description !== opened.description && { description }),
      ...(decryptableInGraph !== opened.decryptableInGraph && { decryptableInGraph }),
    }
    if (Object.keys(edits).length === 0) return onClose()
    if ((await run({ ...asSeen, ...edits })) === null) return
    onClose()
    toast(t('saved', { name }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('editTitle', { name: userKey.name })}
      onSubmit={() => void save()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      <TextField
        name="name"
        label={t('name')}
        hint={t('nameHint')}
        value={name}
        onChange={setName}
        required
        spellCheck={false}
      />
      {name !== opened.name && <Notice tone="waiting">{t('renamed', { name: opened.name })}</Notice>}
      <TextArea
        name="description"
        label={t('description')}
        hint={t('descriptionHint')}
        value={description}
        onChange={setDescription}
      />
      {canBeDecryptable && (
        <div>
          <CheckField
            label={t('decryptableInGraph')}
            checked={decryptableInGraph}
            onChange={setDecryptable}
          />
          <p className="quiet">{t('decryptableHint')}</p>
        </div>
      )}
    </FormDialog>
  )
}
