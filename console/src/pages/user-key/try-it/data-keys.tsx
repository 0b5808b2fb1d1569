import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql, type ResultOf } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { CheckField, TextField } from '../../../design/fields.tsx'
import { type Pair, pairsInput } from '../../../design/pairs-field.tsx'
import { ContextOf, type Sealed } from './encryption.tsx'
import { OperationCard, ResultBytes } from './operation-card.tsx'
import type { OperationProps } from './tried-key.ts'

const generateSealed = graphql(
  `
    mutation TryGenerateDataKey($input: GenerateDataKeyInput!) {
      generateDataKey(input: $input) {
        ... on GenerateDataKeyPayload {
          ciphertext
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

// A document of its own: the plaintext leaves the server only if it is selected, and the trail records it.
const generateOpen = graphql(
  `
    mutation TryGenerateDataKeyWithPlaintext($input: GenerateDataKeyInput!) {
      generateDataKey(input: $input) {
        ... on GenerateDataKeyPayload {
          ciphertext
          plaintext
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

type DataKey = Extract<ResultOf<typeof generateOpen>['generateDataKey'], { ciphertext: string }>

/** Makes a data key for encrypting elsewhere. */
export function DataKeyCard({ userKey, onHandOver }: OperationProps<Sealed>) {
  const t = useTranslations('tryIt')
  const [lengthBytes, setLengthBytes] = useState('32')
  const [context, setContext] = useState<readonly Pair[]>([])
  const [showsPlaintext, setShowsPlaintext] = useState(false)
  const [made, setMade] = useState<(Sealed & Partial<Pick<DataKey, 'plaintext'>>) | null>(null)
  const sealed = useChange(generateSealed, { changesNothing: true })
  const open = useChange(generateOpen, { changesNothing: true })
  const { refusal, isRunning } = showsPlaintext ? open : sealed

  async function send() {
    setMade(null)
    const pairs = pairsInput(context)
    const input = {
      key: userKey.id,
      lengthBytes: Number(lengthBytes),
      ...(pairs.length > 0 && { context: pairs }),
    }
    const done = showsPlaintext ? await open.run(input) : await sealed.run(input)
    if (done) setMade({ ...done, context: pairs })
  }
  return (
    <OperationCard
      title={t('dataKey')}
      text={t('dataKeyText')}
      run={t('generate')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      result={
        made && (
          <>
            <ResultBytes
              label={t('encryptedDataKey')}
              base64={made.ciphertext}
              fileName={`${userKey.name}-data-key.bin`}
            />
            {made.plaintext && (
              <ResultBytes
                label={t('plainDataKey')}
                base64={made.plaintext}
                fileName={`${userKey.name}-data-key-plaintext.bin`}
              />
            )}
            {onHandOver && <Button onClick={() => onHandOver(made)}>{t('decryptIt')}</Button>}
          </>
        )
      }
    >
      <TextField
        name="lengthBytes"
        label={t('length')}
        hint={t('lengthHint')}
        type="number"
        min={1}
        max={1024}
        required
        value={lengthBytes}
        onChange={setLengthBytes}
      />
      <CheckField label={t('withPlaintext')} checked={showsPlaintext} onChange={setShowsPlaintext} />
      <ContextOf userKey={userKey} pairs={context} onChange={setContext} />
    </OperationCard>
  )
}
