import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { useChange } from '../../../api/use-change.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { DownloadButton } from '../../../design/download.tsx'
import { CopyText, Facts, Moment } from '../../../design/facts.tsx'
import { Notice } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { type ImportParameters, isOver } from './parameters.ts'

const getImportParameters = graphql(
  `
    mutation GetImportParameters($input: GetImportParametersInput!) {
      getImportParameters(input: $input) {
        ... on GetImportParametersPayload {
          importParameters {
            id
            publicKey {
              pem
              fingerprint
            }
            materialFormat
            materialBytes
            expiresAt
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

/** The first step: a wrapping key for this one import. */
export function WrappingKeyStep(props: {
  readonly userKey: DetailKey
  readonly parameters: ImportParameters | null
  readonly onChange: (parameters: ImportParameters | null) => void
}) {
  const t = useTranslations('import')
  const { run, isRunning, refusal } = useChange(getImportParameters)
  const { userKey, parameters, onChange } = props
  async function ask() {
    const result = await run({ key: userKey.id })
    if (result === null) return
    const { publicKey, ...rest } = result.importParameters
    onChange({ ...rest, ...publicKey })
  }
  return (
    <Section
      title={t('first')}
      actions={
        parameters && (
          <DownloadButton
            text={parameters.pem}
            fileName="wrapping-key.pem"
            mediaType="application/x-pem-file"
            what={t('wrappingKey')}
          />
        )
      }
    >
      <p>{t('firstText')}</p>
      {parameters && isOver(parameters) && <Notice tone="bad">{t('over')}</Notice>}
      {parameters && (
        <div className="wrapping-key">
          <Facts
            facts={[
              [t('parameters'), <CopyText key="id" text={parameters.id} what={t('parameters')} />],
              [
                t('fingerprint'),
                <CopyText key="fingerprint" text={parameters.fingerprint} what={t('fingerprint')} />,
              ],
              [t('expiresAt'), <Moment key="expiresAt" at={parameters.expiresAt} />],
            ]}
          />
        </div>
      )}
      {refusal && <Notice tone="bad">{refusal.message}</Notice>}
      <div className="buttons">
        <Button kind={parameters ? 'plain' : 'primary'} busy={isRunning} onClick={() => void ask()}>
          {t(parameters ? 'another' : 'get')}
        </Button>
      </div>
    </Section>
  )
}
