import { useState } from 'react'
import { useQuery } from 'urql'
import { useTranslations } from 'use-intl'
import { graphql } from '../api/graphql.ts'
import { Dialog } from '../design/dialog.tsx'
import { SelectField } from '../design/fields.tsx'
import { Loading } from '../design/loading.tsx'
import { Empty } from '../design/notice.tsx'
import { CallerList } from './caller-list.tsx'
import { callerFields } from './version-fields.ts'

const usageByCallerQuery = graphql(
  `
    query UsageByCaller($versionId: ID!, $days: Int!) {
      node(id: $versionId) {
        ... on KeyVersion {
          id
          usageByCaller(days: $days) {
            ...CallerFields
          }
        }
      }
    }
  `,
  [callerFields],
)

const periods = ['7', '30', '90', '366'] as const

/** Who used a version, and how often. Only for those who may read the activity of its key. */
export function VersionUseDialog(props: {
  readonly version: { readonly id: string; readonly number: number }
  readonly keyName: string
  readonly open: boolean
  readonly onClose: () => void
}) {
  const t = useTranslations('versions')
  const { version, keyName } = props
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={t('usersTitle', { number: version.number, name: keyName })}
    >
      <VersionUse versionId={version.id} />
    </Dialog>
  )
}

function VersionUse({ versionId }: { readonly versionId: string }) {
  const t = useTranslations('versions')
  const common = useTranslations('common')
  const [days, setDays] = useState<(typeof periods)[number]>('30')
  const [{ data, fetching }] = useQuery({
    query: usageByCallerQuery,
    variables: { versionId, days: Number(days) },
    requestPolicy: 'network-only',
  })
  const callers = data?.node && 'usageByCaller' in data.node ? data.node.usageByCaller : null
  return (
    <>
      <SelectField
        name="days"
        label={t('period')}
        value={days}
        options={periods.map((value) => ({ value, label: common('days', { count: Number(value) }) }))}
        onChange={setDays}
      />
      {fetching && <Loading />}
      {!fetching &&
        callers &&
        (callers.length > 0 ? <CallerList callers={callers} /> : <Empty>{t('nobody')}</Empty>)}
      {!fetching && !callers && <Empty>{t('usersHidden')}</Empty>}
    </>
  )
}
