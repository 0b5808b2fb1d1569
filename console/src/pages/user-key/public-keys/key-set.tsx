import { useTranslations } from 'use-intl'
import type { EnumOf } from '../../../api/graphql.ts'
import { DownloadButton } from '../../../design/download.tsx'
import { CodeBlock } from '../../../design/facts.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'

/** The public keys of the active versions as one JWK Set (RFC 7517 §5), for those who verify or encrypt elsewhere. */
export function KeySet(props: {
  readonly userKey: DetailKey
  readonly versions: readonly {
    readonly versionStatus: EnumOf<'KeyVersionStatus'>
    readonly publicKey: { readonly jwk: unknown } | null
  }[]
}) {
  const t = useTranslations('publicKeys')
  const keys = props.versions.flatMap(({ versionStatus, publicKey }) =>
    versionStatus === 'ACTIVE' && publicKey ? [publicKey.jwk] : [],
  )
  if (keys.length === 0) return null
  const text = JSON.stringify({ keys }, null, 2)
  return (
    <Section
      title={t('set')}
      actions={
        <DownloadButton
          text={`${text}\n`}
          fileName={`${props.userKey.name}.jwks.json`}
          mediaType="application/jwk-set+json"
          what={t('jwks')}
        />
      }
    >
      <p>{t('setText', { count: keys.length })}</p>
      <details>
        <summary>{t('showSet')}</summary>
        <CodeBlock text={text} what={t('jwks')} />
      </details>
    </Section>
  )
}
