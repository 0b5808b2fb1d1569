import { useMemo } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { usePageQuery } from '../../../api/live.tsx'
import { useAddress } from '../../../design/address.ts'
import { Loading } from '../../../design/loading.tsx'
import { Empty } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import { joined, totalsOf, type Usage } from '../../../keys/usage/series.ts'
import { UsageChart } from '../../../keys/usage/usage-chart.tsx'
import { useValueText } from '../../../texts/values.ts'
import type { Period } from './period.ts'
import { UseFilter } from './use-filter.tsx'
import { keyUseQuery, type VersionInUse, versionUseQuery } from './use-query.ts'

interface UseProps {
  readonly keyId: string
  readonly period: Period
  readonly versions: readonly VersionInUse[]
}

/** Operations of a period, of the key or of one version, as figures and as a chart. */
export function UseSection({ keyId, period, versions }: UseProps) {
  const t = useTranslations('use')
  const address = useAddress()
  const by = address.get('by') === 'outcome' ? 'outcome' : 'operation'
  const version = versions.find(({ number }) => String(number) === address.get('version'))?.number ?? null
  const { usage, isLoading } = useUsage(keyId, version, period)
  const totals = usage && totalsOf(usage)
  const isUnused = totals !== null && totals.succeeded + totals.denied + totals.failed === 0
  return (
    <Section title={t('operations')}>
      <UseFilter period={period} by={by} version={version} versions={versions} />
      {isLoading && <Loading />}
      {usage && totals && !isUnused && (
        <>
          <Figures keyId={keyId} usage={usage} version={version} />
          <UsageChart usage={usage} by={by} />
        </>
      )}
      {isUnused && (
        <Empty>
          <p>{t('unused')}</p>
        </Empty>
      )}
    </Section>
  )
}

/** Use of the key, or of one of its versions: the one that is not asked for is not sent. */
function useUsage(keyId: string, version: number | null, { parts, interval }: Period) {
  const range = useMemo(() => {
    const [first, second = first, third = second] = parts
    const at = (part: typeof first, end: 'from' | 'to') => part?.[end] ?? ''
    return {
      interval,
      ...{ from1: at(first, 'from'), to1: at(first, 'to') },
      ...{ from2: at(second, 'from'), to2: at(second, 'to') },
      ...{ from3: at(third, 'from'), to3: at(third, 'to') },
      isLong: parts.length > 1,
    }
  }, [parts, interval])
  const [ofKey] = usePageQuery({
    query: keyUseQuery,
    variables: useMemo(() => ({ ...range, filter: { key: keyId } }), [range, keyId]),
    pause: version !== null,
  })
  const [ofVersion] = usePageQuery({
    query: versionUseQuery,
    variables: useMemo(() => ({ ...range, key: keyId, version: version ?? 0 }), [range, keyId, version]),
    pause: version === null,
  })
  const answer = version === null ? ofKey.data : ofVersion.data?.userKey?.version
  const usage = useMemo(
    () => joined([answer?.part1, answer?.part2, answer?.part3].filter((part): part is Usage => part != null)),
    [answer],
  )
  return { usage, isLoading: usage === null && (version === null ? ofKey : ofVersion).fetching }
}

/** The sums, each with a link to the events that it counts. */
function Figures(props: { readonly keyId: string; readonly usage: Usage; readonly version: number | null }) {
  const t = useTranslations('use')
  const valueText = useValueText()
  const { number } = useFormatter()
  const { usage, version } = props
  const totals = totalsOf(usage)
  const search = (outcome: string) =>
    new URLSearchParams([
      ['outcome', outcome],
      ['from', usage.from],
      ['to', usage.to],
      ...(version === null ? [] : [['version', String(version)]]),
    ])
  return (
    <div className="figures">
      {(['SUCCEEDED', 'FAILED', 'DENIED'] as const).map((outcome) => (
        <Link
          key={outcome}
          className="figure"
          href={`/user-keys/${props.keyId}/activity?${search(outcome)}`}
          title={t('showEvents')}
        >
          <strong>{number(totals[fieldOf[outcome]])}</strong>
          <span className="quiet">{valueText('AuditOutcome', outcome)}</span>
        </Link>
      ))}
    </div>
  )
}

const fieldOf = { SUCCEEDED: 'succeeded', FAILED: 'failed', DENIED: 'denied' } as const
