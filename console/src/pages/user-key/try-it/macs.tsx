import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { messageBytesMax } from './bytes.ts'
import { type BytesDraft, BytesField, base64Input, givenBytes, noBytes, textInput } from './bytes-field.tsx'
import { OperationCard, ResultBytes, Validity, VersionField } from './operation-card.tsx'
import type { OperationProps } from './tried-key.ts'

const generateMac = graphql(
  `
    mutation TryGenerateMac($input: GenerateMacInput!) {
      generateMac(input: $input) {
        ... on GenerateMacPayload {
          mac
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const verifyMac = graphql(
  `
    mutation TryVerifyMac($input: VerifyMacInput!) {
      verifyMac(input: $input) {
        ... on VerifyMacPayload {
          valid
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** A code with what is needed to verify it. */
export interface Authenticated {
  readonly message: BytesDraft
  readonly mac: string
  readonly versionNumber: number
}

/** Generates a code for what is typed or a file. */
export function GenerateMacCard({ userKey, onHandOver }: OperationProps<Authenticated>) {
  const t = useTranslations('tryIt')
  const [message, setMessage] = useState(noBytes)
  const [made, setMade] = useState<Authenticated | null>(null)
  const { run, refusal, isRunning } = useChange(generateMac, { changesNothing: true })

  async function send() {
    setMade(null)
    const done = await run({ key: userKey.id, message: textInput(message) })
    if (done) setMade({ ...done, message })
  }
  return (
    <OperationCard
      title={t('generateMac')}
      text={t('generateMacText')}
      run={t('generate')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      result={
        made && (
          <>
            <ResultBytes label={t('mac')} base64={made.mac} fileName={`${userKey.name}-mac.bin`} />
            {onHandOver && <Button onClick={() => onHandOver(made)}>{t('verifyIt')}</Button>}
          </>
        )
      }
    >
      <BytesField
        name="message"
        label={t('message')}
        hint={(max) => t('messageHint', { max })}
        draft={message}
        onChange={setMessage}
        max={messageBytesMax}
      />
    </OperationCard>
  )
}

/** Verifies a code of this key. */
export function VerifyMacCard(props: OperationProps & { readonly given?: Authenticated | null }) {
  const { userKey, given = null } = props
  const t = useTranslations('tryIt')
  const [message, setMessage] = useState(given?.message ?? noBytes)
  const [mac, setMac] = useState(given ? givenBytes(given.mac) : noBytes)
  const [version, setVersion] = useState(String(given?.versionNumber ?? userKey.versionNumber))
  const [valid, setValid] = useState<boolean | null>(null)
  const { run, refusal, isRunning } = useChange(verifyMac, { changesNothing: true })

  async function send() {
    setValid(null)
    const done = await run({
      version: { key: userKey.id, number: Number(version) },
      message: textInput(message),
      mac: base64Input(mac),
    })
    if (done) setValid(done.valid)
  }
  return (
    <OperationCard
      title={t('verifyMac')}
      text={t('verifyMacText')}
      run={t('verify')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      isHandedOver={given !== null}
      result={valid !== null && <Validity valid={valid} />}
    >
      <BytesField
        name="message"
        label={t('message')}
        hint={(max) => t('messageHint', { max })}
        draft={message}
        onChange={setMessage}
        max={messageBytesMax}
      />
      <BytesField
        name="mac"
        label={t('mac')}
        hint={(max) => t('base64Hint', { max })}
        isBase64
        draft={mac}
        onChange={setMac}
        max={messageBytesMax}
      />
      <VersionField hint={t('madeBy')} value={version} onChange={setVersion} />
    </OperationCard>
  )
}
