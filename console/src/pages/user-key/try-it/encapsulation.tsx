import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { messageBytesMax } from './bytes.ts'
import { BytesField, base64Input, givenBytes, noBytes } from './bytes-field.tsx'
import { OperationCard, ResultBytes, SharedSecret, VersionField } from './operation-card.tsx'
import type { OperationProps } from './tried-key.ts'

const encapsulate = graphql(
  `
    mutation TryEncapsulate($input: EncapsulateInput!) {
      encapsulate(input: $input) {
        ... on EncapsulatePayload {
          sharedSecret
          ciphertext
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const decapsulate = graphql(
  `
    mutation TryDecapsulate($input: DecapsulateInput!) {
      decapsulate(input: $input) {
        ... on DecapsulatePayload {
          sharedSecret
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** A ciphertext that carries a shared secret. */
export interface Encapsulated {
  readonly ciphertext: string
  readonly versionNumber: number
}

/** Makes a shared secret, and the ciphertext that carries it. */
export function EncapsulateCard({ userKey, onHandOver }: OperationProps<Encapsulated>) {
  const t = useTranslations('tryIt')
  const [made, setMade] = useState<(Encapsulated & { readonly sharedSecret: string }) | null>(null)
  const { run, refusal, isRunning } = useChange(encapsulate, { changesNothing: true })

  async function send() {
    setMade(null)
    setMade(await run({ key: userKey.id }))
  }
  return (
    <OperationCard
      title={t('encapsulate')}
      text={t('encapsulateText')}
      run={t('encapsulate')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      result={
        made && (
          <>
            <SharedSecret base64={made.sharedSecret} keyName={userKey.name} />
            <ResultBytes
              label={t('ciphertext')}
              base64={made.ciphertext}
              fileName={`${userKey.name}-ciphertext.bin`}
            />
            {onHandOver && <Button onClick={() => onHandOver(made)}>{t('decapsulateIt')}</Button>}
          </>
        )
      }
    >
      {null}
    </OperationCard>
  )
}

/** Recovers the shared secret of a ciphertext. */
export function DecapsulateCard(props: OperationProps & { readonly given?: Encapsulated | null }) {
  const { userKey, given = null } = props
  const t = useTranslations('tryIt')
  const [ciphertext, setCiphertext] = useState(given ? givenBytes(given.ciphertext) : noBytes)
  const [version, setVersion] = useState(String(given?.versionNumber ?? userKey.versionNumber))
  const [secret, setSecret] = useState<string | null>(null)
  const { run, refusal, isRunning } = useChange(decapsulate, { changesNothing: true })

  async function send() {
    setSecret(null)
    const done = await run({
      version: { key: userKey.id, number: Number(version) },
      ciphertext: base64Input(ciphertext),
    })
    if (done) setSecret(done.sharedSecret)
  }
  return (
    <OperationCard
      title={t('decapsulate')}
      text={t('decapsulateText')}
      run={t('decapsulate')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      isHandedOver={given !== null}
      result={secret !== null && <SharedSecret base64={secret} keyName={userKey.name} />}
    >
      <BytesField
        name="ciphertext"
        label={t('ciphertext')}
        hint={(max) => t('base64Hint', { max })}
        isBase64
        draft={ciphertext}
        onChange={setCiphertext}
        max={messageBytesMax}
      />
      <VersionField hint={t('usedVersion')} value={version} onChange={setVersion} />
    </OperationCard>
  )
}
