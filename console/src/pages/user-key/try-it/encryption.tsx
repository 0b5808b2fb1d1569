import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { type Pair, pairsInput } from '../../../design/pairs-field.tsx'
import { hasContext } from '../../../keys/access-entry.ts'
import { ContextPairs } from '../../../keys/context-pairs.tsx'
import { messageBytesMax } from './bytes.ts'
import { BytesField, base64Input, givenBytes, noBytes, textInput } from './bytes-field.tsx'
import { OperationCard, ResultBytes, VersionField } from './operation-card.tsx'
import type { OperationProps, TriedKey } from './tried-key.ts'

const encrypt = graphql(
  `
    mutation TryEncrypt($input: EncryptInput!) {
      encrypt(input: $input) {
        ... on EncryptPayload {
          ciphertext
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

const decrypt = graphql(
  `
    mutation TryDecrypt($input: DecryptInput!) {
      decrypt(input: $input) {
        ... on DecryptPayload {
          plaintext
          versionNumber
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** A ciphertext with what is needed to decrypt it. */
export interface Sealed {
  readonly ciphertext: string
  readonly context: readonly Pair[]
  readonly versionNumber: number
}

/** Most bytes that the key encrypts: what the padding leaves of RSA (RSAES-OAEP with SHA-256), or those of a message. */
const plaintextBytesMax = ({ algorithm }: TriedKey): number =>
  algorithm.startsWith('RSA_') ? Number(algorithm.slice(4)) / 8 - 66 : messageBytesMax

/** Encrypts what is typed or a file. */
export function EncryptCard({ userKey, onHandOver }: OperationProps<Sealed>) {
  const t = useTranslations('tryIt')
  const [plaintext, setPlaintext] = useState(noBytes)
  const [context, setContext] = useState<readonly Pair[]>([])
  const [sealed, setSealed] = useState<Sealed | null>(null)
  const { run, refusal, isRunning } = useChange(encrypt, { changesNothing: true })
  const max = plaintextBytesMax(userKey)

  async function send() {
    setSealed(null)
    const pairs = pairsInput(context)
    const done = await run({
      key: userKey.id,
      plaintext: textInput(plaintext),
      ...(pairs.length > 0 && { context: pairs }),
    })
    if (done) setSealed({ ...done, context: pairs })
  }
  return (
    <OperationCard
      title={t('encrypt')}
      text={t('encryptText')}
      run={t('encrypt')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      result={
        sealed && (
          <>
            <ResultBytes
              label={t('ciphertext')}
              base64={sealed.ciphertext}
              fileName={`${userKey.name}-ciphertext.bin`}
            />
            {onHandOver && <Button onClick={() => onHandOver(sealed)}>{t('decryptIt')}</Button>}
          </>
        )
      }
    >
      <BytesField
        name="plaintext"
        label={t('plaintext')}
        hint={(most) => t('plaintextHint', { max: most })}
        draft={plaintext}
        onChange={setPlaintext}
        max={max}
      />
      <ContextOf userKey={userKey} pairs={context} onChange={setContext} />
    </OperationCard>
  )
}

/** Decrypts a ciphertext of this key. */
export function DecryptCard({ userKey, given = null }: OperationProps & { readonly given?: Sealed | null }) {
  const t = useTranslations('tryIt')
  const [ciphertext, setCiphertext] = useState(given ? givenBytes(given.ciphertext) : noBytes)
  const [context, setContext] = useState<readonly Pair[]>(given?.context ?? [])
  const [version, setVersion] = useState(String(given?.versionNumber ?? userKey.versionNumber))
  const [plaintext, setPlaintext] = useState<string | null>(null)
  const { run, refusal, isRunning } = useChange(decrypt, { changesNothing: true })

  async function send() {
    setPlaintext(null)
    const which = hasContext(userKey)
      ? { key: userKey.id }
      : { version: { key: userKey.id, number: Number(version) } }
    const done = await run({
      ciphertext: base64Input(ciphertext),
      ...which,
      ...(context.length > 0 && { context: pairsInput(context) }),
    })
    if (done) setPlaintext(done.plaintext)
  }
  return (
    <OperationCard
      title={t('decrypt')}
      text={t('decryptText')}
      run={t('decrypt')}
      onRun={() => void send()}
      busy={isRunning}
      refusal={refusal}
      isHandedOver={given !== null}
      result={
        plaintext !== null && (
          <ResultBytes
            label={t('plaintext')}
            base64={plaintext}
            fileName={`${userKey.name}-plaintext.bin`}
            asText
          />
        )
      }
    >
      <BytesField
        name="ciphertext"
        label={t('ciphertext')}
        hint={(max) => t('base64Hint', { max })}
        isBase64
        draft={ciphertext}
        onChange={setCiphertext}
        max={2 * messageBytesMax}
      />
      {!hasContext(userKey) && <VersionField hint={t('usedVersion')} value={version} onChange={setVersion} />}
      <ContextOf userKey={userKey} pairs={context} onChange={setContext} />
    </OperationCard>
  )
}

/** The encryption context, for keys whose operations have one. */
export function ContextOf(props: {
  readonly userKey: TriedKey
  readonly pairs: readonly Pair[]
  readonly onChange: (pairs: readonly Pair[]) => void
}) {
  const t = useTranslations('tryIt')
  if (!hasContext(props.userKey)) return null
  return (
    <ContextPairs
      name="context"
      label={t('context')}
      hint={t('contextHint')}
      pairs={props.pairs}
      onChange={props.onChange}
    />
  )
}
