import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { TextField } from '../../../design/fields.tsx'
import { messageBytesMax } from './bytes.ts'
import { BytesField, base64Input, noBytes, textInput } from './bytes-field.tsx'
import { OperationCard, SharedSecret, VersionField } from './operation-card.tsx'
import type { OperationProps } from './tried-key.ts'

const deriveSharedSecret = graphql(
  `
    mutation TryDeriveSharedSecret($input: DeriveSharedSecretInput!) {
      deriveSharedSecret(input: $input) {
        ... on DeriveSharedSecretPayload {
          sharedSecret
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** Derives a secret that is shared with the owner of another public key. */
export function DeriveCard({ userKey }: OperationProps) {
  const t = useTranslations('tryIt')
  const [peer, setPeer] = useState(noBytes)
  const [context, setContext] = useState(noBytes)
  const [version, setVersion] = useState(String(userKey.versionNumber))
  const [lengthBytes, setLengthBytes] = useState('32')
  const [secret, setSecret] = useState<string | null>(null)
  const { run, refusal, isRunning } = useChange(deriveSharedSecret, { changesNothing: true })

  async function send() {
    setSecret(null)
    const done = await run({
      version: { key: userKey.id, number: Number(version) },
      peerPublicKey: base64Input(peer),
      context: textInput(context),
      lengthBytes: Number(lengthBytes),
    })
    if (done) setSecret(done.sharedSecret)
  }
  return (
    <OperationCard
      title={t('derive')}
      text={t('deriveText')}
      run={t('derive')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      result={secret !== null && <SharedSecret base64={secret} keyName={userKey.name} />}
    >
      <BytesField
        name="peerPublicKey"
        label={t('peerPublicKey')}
        hint={(max) => t('peerPublicKeyHint', { max })}
        isBase64
        draft={peer}
        onChange={setPeer}
        max={messageBytesMax}
      />
      <TextField
        name="context"
        label={t('purpose')}
        hint={t('purposeHint')}
        value={context.text}
        onChange={(text) => setContext({ text, file: null })}
      />
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
      <VersionField hint={t('usedVersion')} value={version} onChange={setVersion} />
    </OperationCard>
  )
}
