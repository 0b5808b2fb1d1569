import type { ReactNode } from 'react'
import { useQuery } from 'urql'
import { useFormatter, useTranslations } from 'use-intl'
import { graphql, type ResultOf } from '../api/graphql.ts'
import { Notice, type Tone } from '../design/notice.tsx'
import { CallerList, countCallers } from './caller-list.tsx'
import { callerFields } from './version-fields.ts'

const destroyImpactQuery = graphql(
  `
    query DestroyImpact($versionId: ID!) {
      destroyImpact(version: { id: $versionId }) {
        verdict
        recordsSince
        operations
        failedOperations
        callers {
          ...CallerFields
        }
      }
    }
  `,
  [callerFields],
)

type Impact = NonNullable<ResultOf<typeof destroyImpactQuery>['destroyImpact']>

const tones: Readonly<Record<Impact['verdict'], Tone>> = {
  IN_USE: 'bad',
  STILL_ATTEMPTED: 'waiting',
  RECORDS_TOO_SHORT: 'waiting',
  NEVER_USED: 'good',
  SAFE_UNUSED: 'good',
  ALREADY_DESTROYED: 'quiet',
}

/** The most callers that the server names. */
const callersMax = 200

/** Who used a version in the last 30 days, as of now, and so would miss it. */
export function DestroyImpact(props: { readonly versionId: string; readonly number: number }) {
  const t = useTranslations('danger')
  const [{ data, fetching }] = useQuery({
    query: destroyImpactQuery,
    variables: { versionId: props.versionId },
    requestPolicy: 'network-only',
  })
  const impact = data?.destroyImpact
  if (!impact) return <p role="status">{fetching ? t('looking') : t('useUnknown')}</p>
  return (
    <Notice tone={tones[impact.verdict]}>
      <ImpactText impact={impact} number={props.number} />
    </Notice>
  )
}

function ImpactText({ impact, number }: { readonly impact: Impact; readonly number: number }): ReactNode {
  const t = useTranslations('danger')
  const { dateTime } = useFormatter()
  const { verdict, callers, operations, failedOperations } = impact
  if (verdict === 'ALREADY_DESTROYED') return t('alreadyDestroyed')
  if (verdict === 'NEVER_USED') return t('neverUsed', { number })
  if (verdict === 'SAFE_UNUSED') {
    return (
      <>
        <p>{t('unused', { number })}</p>
        <p className="quiet">{t('rareUse')}</p>
      </>
    )
  }
  if (verdict === 'RECORDS_TOO_SHORT') {
    return t('unusedSince', {
      number,
      since: dateTime(new Date(impact.recordsSince), { dateStyle: 'medium' }),
    })
  }
  if (callers === null) {
    return t(verdict === 'IN_USE' ? 'usedByUnknown' : 'attemptedByUnknown', {
      number,
      count: verdict === 'IN_USE' ? operations : failedOperations,
    })
  }
  const count = countCallers(callers)
  const isCut = callers.length >= callersMax ? 'yes' : 'no'
  return (
    <>
      <p>
        <strong>{t(verdict === 'IN_USE' ? 'used' : 'attempted', { number, count, isCut })}</strong>
      </p>
      <CallerList callers={callers} />
    </>
  )
}
