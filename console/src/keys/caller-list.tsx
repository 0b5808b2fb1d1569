import { useFormatter, useTranslations } from 'use-intl'
import { Moment } from '../design/facts.tsx'
import type { VersionCaller } from './version-fields.ts'

/** What one caller did with a version, by all its operations. */
interface CallerUse {
  readonly id: string
  readonly operations: readonly VersionCaller[]
  readonly failed: number
  readonly lastUsedAt: string | null
}

/** Who used a version, in words: one line for each caller, the one with most uses first. */
export function CallerList({ callers }: { readonly callers: readonly VersionCaller[] }) {
  const t = useTranslations('danger')
  const { list } = useFormatter()
  return (
    <ul className="caller-list">
      {byCaller(callers).map(({ id, operations, failed, lastUsedAt }) => {
        const done = operations
          .filter(({ operations: count }) => count > 0)
          .map(({ operation, operations: count }) => t(`did.${operation}`, { count }))
        const attempts = failed > 0 ? [t('attemptsFailed', { count: failed })] : []
        return (
          <li key={id}>
            <code>{id}</code> {list([...done, ...attempts])}
            {lastUsedAt !== null && (
              <span className="quiet block">
                {t('lastUse')} <Moment at={lastUsedAt} />
              </span>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** How many callers there are, each counted once, whatever the number of its operations. */
export const countCallers = (callers: readonly VersionCaller[]): number =>
  new Set(callers.map(({ caller }) => caller.id)).size

function byCaller(callers: readonly VersionCaller[]): readonly CallerUse[] {
  const groups = Map.groupBy(callers, ({ caller }) => caller.id)
  return [...groups].map(([id, operations]) => ({
    id,
    operations,
    failed: operations.reduce((sum, { failedOperations }) => sum + failedOperations, 0),
    lastUsedAt: operations.reduce<string | null>(
      (latest, { lastUsedAt }) =>
        lastUsedAt !== null && (latest === null || lastUsedAt > latest) ? lastUsedAt : latest,
      null,
    ),
  }))
}
