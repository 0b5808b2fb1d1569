import { useMemo } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { type Column, DataTable } from '../../../design/data-table.tsx'
import { Moment } from '../../../design/facts.tsx'
import { Empty } from '../../../design/notice.tsx'
import { useValueText } from '../../../texts/values.ts'
import type { VersionInUse } from './use-query.ts'

type VersionCaller = NonNullable<VersionInUse['usageByCaller']>[number]

/** What a caller did with the versions of a key. */
interface Caller {
  readonly id: string
  readonly versions: readonly number[]
  readonly operations: ReadonlyMap<VersionCaller['operation'], number>
  readonly succeeded: number
  readonly failed: number
  readonly lastUsedAt: string | null
}

/** Who used the key, the one with most operations first. */
export function Callers(props: { readonly versions: readonly VersionInUse[]; readonly days: number }) {
  const t = useTranslations('use')
  const valueText = useValueText()
  const { number, list } = useFormatter()
  const callers = useMemo(() => callersOf(props.versions), [props.versions])
  const columns = useMemo<readonly Column<Caller>[]>(
    () => [
      { id: 'caller', title: t('caller'), isHeading: true, cell: ({ id }) => id },
      {
        id: 'operations',
        title: t('operations'),
        cell: ({ operations }) =>
          list(
            [...operations].map(([name, count]) => `${valueText('VersionOperation', name)} ${number(count)}`),
          ),
      },
      { id: 'succeeded', title: t('succeeded'), cell: ({ succeeded }) => number(succeeded) },
      { id: 'failed', title: t('failed'), cell: ({ failed }) => number(failed) },
      { id: 'versions', title: t('versions'), cell: ({ versions }) => versions.join(', ') },
      { id: 'lastUse', title: t('lastUse'), cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} /> },
    ],
    [t, valueText, number, list],
  )
  if (callers.length === 0) {
    return (
      <Empty>
        <p>{t('noCallers', { days: props.days })}</p>
      </Empty>
    )
  }
  return (
    <DataTable
      isShort
      name="callers"
      label={t('callers')}
      columns={columns}
      rows={callers}
      rowId={({ id }) => id}
      rowName={({ id }) => id}
    />
  )
}

function callersOf(versions: readonly VersionInUse[]): readonly Caller[] {
  const uses = versions.flatMap(({ number, usageByCaller }) =>
    (usageByCaller ?? []).map((use) => ({ ...use, number })),
  )
  return [...Map.groupBy(uses, ({ caller }) => caller.id)]
    .map(([id, own]) => ({
      id,
      versions: [...new Set(own.map(({ number }) => number))].toSorted((a, b) => a - b),
      operations: new Map(
        [...Map.groupBy(own, ({ operation }) => operation)]
          .map(([name, each]) => [name, sum(each.map(({ operations }) => operations))] as const)
          .filter(([, count]) => count > 0),
      ),
      succeeded: sum(own.map(({ operations }) => operations)),
      failed: sum(own.map(({ failedOperations }) => failedOperations)),
      lastUsedAt:
        own
          .map(({ lastUsedAt }) => lastUsedAt ?? '')
          .toSorted()
          .at(-1) || null,
    }))
    .toSorted((a, b) => b.succeeded - a.succeeded)
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)
