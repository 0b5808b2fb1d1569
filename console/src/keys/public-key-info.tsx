import { useTranslations } from 'use-intl'
import { type EnumOf, graphql } from '../api/graphql.ts'
import { DownloadButton } from '../design/download.tsx'
import { CodeBlock, CopyText, Facts } from '../design/facts.tsx'
import { algorithmName } from '../texts/values.ts'

/** What is shown of a public key; for the documents of those who show one. */
export const publicKeyFields = graphql(`
  fragment PublicKeyFields on PublicKey {
    algorithm
    fingerprint
    pem
    jwk
  }
`)

/** A public key, to copy or to take along as a file: PEM, JWK and fingerprint. */
export function PublicKeyInfo(props: {
  readonly publicKey: {
    readonly algorithm: EnumOf<'KeyAlgorithm'>
    readonly fingerprint: string
    readonly pem: string
    readonly jwk: unknown
  }
  /** Of which key and version, for the names of files. */
  readonly keyName: string
  readonly versionNumber: number
}) {
  const { publicKey, keyName, versionNumber } = props
  const t = useTranslations('publicKey')
  const jwk = JSON.stringify(publicKey.jwk, null, 2)
  const fileName = `${keyName}-v${versionNumber}`
  return (
    <div className="public-key">
      <Facts
        facts={[
          [t('algorithm'), algorithmName(publicKey.algorithm)],
          [
            t('fingerprint'),
            <CopyText key="fingerprint" text={publicKey.fingerprint} what={t('fingerprint')} />,
          ],
        ]}
      />
      <h3>{t('pem')}</h3>
      <CodeBlock text={publicKey.pem.trim()} what={t('pem')} />
      <details>
        <summary>{t('jwk')}</summary>
        <CodeBlock text={jwk} what={t('jwk')} />
      </details>
      <div className="buttons">
        <DownloadButton
          text={publicKey.pem}
          fileName={`${fileName}.pem`}
          mediaType="application/x-pem-file"
          what={t('pem')}
        />
        <DownloadButton
          text={`${jwk}\n`}
          fileName={`${fileName}.jwk.json`}
          mediaType="application/jwk+json"
          what={t('jwk')}
        />
      </div>
    </div>
  )
}
