import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { messageBytesMax } from './bytes.ts'
import { type BytesDraft, BytesField, base64Input, givenBytes, noBytes, textInput } from './bytes-field.tsx'
import { OperationCard, ResultBytes, Validity, VersionField } from './operation-card.tsx'
import { type Scheme, SchemeFields, schemeInput, usualScheme } from './scheme-fields.tsx'
import type { OperationProps } from './tried-key.ts'

const sign = graphql(
  `
    mutation TrySign($input: SignInput!) {
      sign(input: $input) {
        ... on SignPayload {
          signature
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const verify = graphql(
  `
    mutation TryVerify($input: VerifyInput!) {
      verify(input: $input) {
        ... on VerifyPayload {
          valid
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** A signature with what is needed to verify it. */
export interface Signed {
  readonly message: BytesDraft
  readonly signature: string
  readonly versionNumber: number
  readonly scheme: Scheme
}

/** Signs what is typed or a file. */
export function SignCard({ userKey, onHandOver }: OperationProps<Signed>) {
  const t = useTranslations('tryIt')
  const [message, setMessage] = useState(noBytes)
  const [scheme, setScheme] = useState(usualScheme)
  const [signed, setSigned] = useState<Signed | null>(null)
  const { run, refusal, isRunning } = useChange(sign, { changesNothing: true })

  async function send() {
    setSigned(null)
    const done = await run({ key: userKey.id, message: textInput(message), ...schemeInput(scheme) })
    if (done) setSigned({ ...done, message, scheme })
  }
  return (
    <OperationCard
      title={t('sign')}
      text={t('signText')}
      run={t('sign')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      result={
        signed && (
          <>
            <ResultBytes
              label={t('signature')}
              base64={signed.signature}
              fileName={`${userKey.name}-signature.bin`}
            />
            {onHandOver && <Button onClick={() => onHandOver(signed)}>{t('verifyIt')}</Button>}
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
      <SchemeFields userKey={userKey} scheme={scheme} onChange={setScheme} />
    </OperationCard>
  )
}

/** Verifies a signature of this key. */
export function VerifyCard({ userKey, given = null }: OperationProps & { readonly given?: Signed | null }) {
  const t = useTranslations('tryIt')
  const [message, setMessage] = useState(given?.message ?? noBytes)
  const [signature, setSignature] = useState(given ? givenBytes(given.signature) : noBytes)
  const [version, setVersion] = useState(String(given?.versionNumber ?? userKey.versionNumber))
  const [scheme, setScheme] = useState(given?.scheme ?? usualScheme)
  const [valid, setValid] = useState<boolean | null>(null)
  const { run, refusal, isRunning } = useChange(verify, { changesNothing: true })

  async function send() {
    setValid(null)
    const done = await run({
      version: { key: userKey.id, number: Number(version) },
      message: textInput(message),
      signature: base64Input(signature),
      ...schemeInput(scheme),
    })
    if (done) setValid(done.valid)
  }
  return (
    <OperationCard
      title={t('verify')}
      text={t('verifyText')}
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
        name="signature"
        label={t('signature')}
        hint={(max) => t('base64Hint', { max })}
        isBase64
        draft={signature}
        onChange={setSignature}
        max={messageBytesMax}
      />
      <VersionField hint={t('madeBy')} value={version} onChange={setVersion} />
      <SchemeFields userKey={userKey} scheme={scheme} onChange={setScheme} />
    </OperationCard>
  )
}
