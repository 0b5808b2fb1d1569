import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { usePageQuery } from '../../../api/live.tsx'
import { Button } from '../../../design/button.tsx'
import { CopyText, Facts } from '../../../design/facts.tsx'
import { Section } from '../../../design/section.tsx'
import type { DetailKey } from '../detail-key.ts'
import { PublishDialog } from './publish-dialog.tsx'
import { addressOf, type PublishedTerms, publishedSetQuery, type SetVersion } from './published-terms.ts'
import { UnpublishDialog } from './unpublish-dialog.tsx'

/** The address at which verifiers find the public keys of a key, what is there until when, and the changes of both. */
export function PublishedSet({ userKey }: { readonly userKey: DetailKey }) {
  const t = useTranslations('publicKeys')
  const [{ data }] = usePageQuery({ query: publishedSetQuery, variables: { id: userKey.id } })
  const [open, setOpen] = useState<'publish' | 'unpublish' | null>(null)
  const found = data?.userKey
  if (!found || userKey.usage !== 'SIGN_VERIFY' || userKey.origin !== 'KEYSTEAD') return null
  const terms = found.jwks
  const canManage = userKey.viewerPermissions?.includes('MANAGE') ?? false
  const close = () => setOpen(null)
  return (
    <Section
      title={t('published')}
      actions={
        canManage && (
          <span className="buttons">
            <Button onClick={() => setOpen('publish')}>{t(terms ? 'change' : 'publish')}</Button>
            {terms && <Button onClick={() => setOpen('unpublish')}>{t('unpublish')}</Button>}
          </span>
        )
      }
    >
      {terms ? <Terms terms={terms} versions={found.versions?.nodes ?? []} /> : <p>{t('notPublished')}</p>}
      {open === 'publish' && <PublishDialog userKey={userKey} terms={terms} onClose={close} />}
      {open === 'unpublish' && terms && <UnpublishDialog userKey={userKey} terms={terms} onClose={close} />}
    </Section>
  )
}

function Terms({
  terms,
  versions,
}: {
  readonly terms: PublishedTerms
  readonly versions: readonly SetVersion[]
}) {
  const t = useTranslations('publicKeys')
  const { dateTime } = useFormatter()
  const moment = (at: string | Date) => dateTime(new Date(at), { dateStyle: 'medium', timeStyle: 'short' })
  const newest = versions[0]?.number ?? 0
  return (
    <Facts
      facts={[
        [t('address'), <CopyText key="address" text={addressOf(terms)} what={t('address')} />],
        [
          t('inSet'),
          <ul key="versions" className="row-list">
            {versions.flatMap(({ id, number, versionStatus, isDefault }, index) => {
              if (versionStatus !== 'ACTIVE') return []
              const until = leavesAt(versions[index - 1], terms)
              if (isDefault || until === null) return [<li key={id}>{t('signs', { number })}</li>]
              // The server adds what the clocks of verifiers may be behind.
              if (until.getTime() < Date.now()) return []
              return [<li key={id}>{t('stays', { number, until: moment(until) })}</li>]
            })}
            {terms.nextSignsFrom === null ? (
              <li>{t('nextSoon')}</li>
            ) : (
              <li>{t('next', { number: newest + 1, from: moment(terms.nextSignsFrom) })}</li>
            )}
          </ul>,
        ],
        [t('ahead'), t('hours', { count: terms.publishAheadHours })],
        [t('lifetime'), t('minutes', { count: terms.tokenLifetimeMinutes })],
        terms.jwsAlgorithm === null ? null : [t('alg'), terms.jwsAlgorithm],
      ]}
    />
  )
}

/** When the last token of a version expires that was replaced by the next one; null for the newest. */
function leavesAt(successor: SetVersion | undefined, { tokenLifetimeMinutes }: PublishedTerms): Date | null {
  return successor === undefined
    ? null
    : new Date(new Date(successor.createdAt).getTime() + tokenLifetimeMinutes * 60_000)
}
