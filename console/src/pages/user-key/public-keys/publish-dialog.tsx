import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { FormDialog } from '../../../design/dialog.tsx'
import { SelectField, TextField } from '../../../design/fields.tsx'
import { Notice } from '../../../design/notice.tsx'
import { useToast } from '../../../design/toasts.tsx'
import { useKeyAsOpened } from '../../../keys/changed-meanwhile.tsx'
import type { DetailKey } from '../detail-key.ts'
import type { PublishedTerms } from './published-terms.ts'

const publishJwks = graphql(
  `
    mutation PublishJwks($input: PublishJwksInput!) {
      publishJwks(input: $input) {
        ... on PublishJwksPayload {
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

/** Names of algorithms in tokens, for keys that sign in several ways. */
function namesFor({ algorithm }: DetailKey): readonly string[] {
  if (algorithm?.startsWith('RSA_')) return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  return algorithm === 'ED25519' ? ['EdDSA', 'Ed25519'] : []
}

/** Publishes the public keys of a key, or changes the terms on which they are published. */
export function PublishDialog(props: {
  readonly userKey: DetailKey
  /** Null if they are not published. */
  readonly terms: PublishedTerms | null
  readonly onClose: () => void
}) {
  const { userKey, terms, onClose } = props
  const t = useTranslations('publicKeys')
  const toast = useToast()
  const [minutes, setMinutes] = useState(String(terms?.tokenLifetimeMinutes ?? 60))
  const [hours, setHours] = useState(String(terms?.publishAheadHours ?? 24))
  const [jwsAlgorithm, setAlgorithm] = useState(terms?.jwsAlgorithm ?? '')
  const { run, refusal, isRunning } = useChange(publishJwks)
  const { asSeen, changes } = useKeyAsOpened(userKey, refusal)
  const names = namesFor(userKey)
  const { name } = userKey
  const isShorter =
    terms !== null &&
    (Number(minutes) < terms.tokenLifetimeMinutes || Number(hours) < terms.publishAheadHours)

  async function save() {
    const done = await run({
      ...asSeen,
      tokenLifetimeMinutes: Number(minutes),
      publishAheadHours: Number(hours),
      jwsAlgorithm: jwsAlgorithm === '' ? null : jwsAlgorithm,
    })
    if (done === null) return
    onClose()
    toast(t(terms === null ? 'publishDone' : 'changeDone', { name }))
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t(terms === null ? 'publishTitle' : 'changeTitle', { name })}
      {...(terms === null && { submit: t('publishConfirm') })}
      onSubmit={() => void save()}
      busy={isRunning}
      refusal={refusal}
    >
      {changes}
      {terms === null && <p>{t('publishText')}</p>}
      <TextField
        name="tokenLifetimeMinutes"
        label={t('lifetimeField')}
        hint={t('lifetimeHint')}
        type="number"
        min={1}
        max={129_600}
        step={1}
        required
        value={minutes}
        onChange={setMinutes}
      />
      <TextField
        name="publishAheadHours"
        label={t('aheadField')}
        hint={t('aheadHint')}
        type="number"
        min={1}
        max={720}
        step={1}
        required
        value={hours}
        onChange={setHours}
      />
      {names.length > 0 && (
        <SelectField
          name="jwsAlgorithm"
          label={t('alg')}
          hint={t('algHint')}
          value={jwsAlgorithm}
          options={['', ...names].map((value) => ({ value, label: value || t('anyAlg') }))}
          onChange={setAlgorithm}
        />
      )}
      {isShorter && <Notice tone="bad">{t('shorter')}</Notice>}
    </FormDialog>
  )
}
