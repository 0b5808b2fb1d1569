import { useTranslations } from 'use-intl'
import { graphql, type ResultOf } from '../../api/graphql.ts'
import { usePageQuery } from '../../api/live.tsx'
import { LinkButton } from '../../design/button.tsx'
import { CopyText, Facts } from '../../design/facts.tsx'
import { Loading } from '../../design/loading.tsx'
import { Notice } from '../../design/notice.tsx'
import { Section } from '../../design/section.tsx'
import { KeyStatusBadge } from '../../keys/badges.tsx'
import { CodePanel } from '../../keys/code-panel.tsx'
import { NotFound } from '../../shell/not-found.tsx'
import { Page } from '../../shell/page.tsx'
import { algorithmName, useValueText } from '../../texts/values.ts'

const createdKeyQuery = graphql(`
  query CreatedKey($id: KeyRef!) {
    userKey(key: $id) {
      id
      name
      status
      type
      usage
      algorithm
      origin
      defaultVersion {
        id
        number
      }
    }
  }
`)

type FullKey = NonNullable<ResultOf<typeof createdKeyQuery>['userKey']>

/** What one has now, what to do first, and the code to use it. */
export function CreatedKey({ id }: { readonly id: string }) {
  const t = useTranslations('createKey')
  const [{ data, fetching }] = usePageQuery({ query: createdKeyQuery, variables: { id } })
  const userKey = data?.userKey
  if (userKey) return <Created userKey={userKey} />
  if (data !== undefined && !fetching) return <NotFound />
  return (
    <Page title={t('title')}>
      <Loading />
    </Page>
  )
}

function Created({ userKey }: { readonly userKey: FullKey }) {
  const t = useTranslations('createKey')
  const valueText = useValueText()
  const { id, name, status, type, usage, algorithm, origin } = userKey
  const page = `/user-keys/${id}`
  const waits = status === 'PRE_ACTIVATION'
  return (
    <Page
      title={t('created', { name })}
      actions={
        <>
          <LinkButton href="/user-keys/new">{t('another')}</LinkButton>
          {!waits && <LinkButton href={`${page}/try-it`}>{t('tryIt')}</LinkButton>}
          <LinkButton href={page} kind="primary">
            {t('openKey')}
          </LinkButton>
        </>
      }
    >
      <Notice tone={waits ? 'waiting' : 'good'}>
        {waits ? t(origin === 'EXTERNAL' ? 'waitsForImport' : 'waitsForActivation') : t('ready')}
        {waits && (
          <LinkButton href={origin === 'EXTERNAL' ? `${page}/import` : page}>
            {t(origin === 'EXTERNAL' ? 'importNow' : 'activateNow')}
          </LinkButton>
        )}
      </Notice>
      <Section title={name}>
        <Facts
          facts={[
            [t('id'), <CopyText key="id" text={id} what={t('id')} />],
            status && [t('status'), <KeyStatusBadge key="status" status={status} />],
            usage && [t('usage'), valueText('KeyUsage', usage)],
            algorithm && [t('algorithm'), algorithmName(algorithm)],
          ]}
        />
      </Section>
      {type && usage && algorithm && (
        <Section title={t('code')}>
          <CodePanel
            userKey={{ id, name, type, usage, algorithm, versionNumber: userKey.defaultVersion?.number ?? 1 }}
          />
        </Section>
      )}
    </Page>
  )
}
