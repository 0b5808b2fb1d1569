import { useFormatter, useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import { Moment } from '../design/facts.tsx'
import type { VersionCaller } from './version-fields.ts'

/** The phrase for what was done, by the kind of operation. */
const phrases = {
  ENCRYPT: 'did.ENCRYPT',
  DECRYPT: 'did.DECRYPT',
  RE_ENCRYPT: 'did.RE_ENCRYPT',
  RE_ENCRYPT_FROM: 'did.RE_ENCRYPT_FROM',
  GENERATE_DATA_KEY: 'did.GENERATE_DATA_KEY',
  GENERATE_DATA_KEY_PAIR: 'did.GENERATE_DATA_KEY_PAIR',
  SIGN: 'did.SIGN',
  VERIFY: 'did.VERIFY',
  GENERATE_MAC: 'did.GENERATE_MAC',
  VERIFY_MAC: 'did.VERIFY_MAC',
  ENCAPSULATE: 'did.ENCAPSULATE',
  DECAPSULATE: 'did.DECAPSULATE',
  DERIVE_SHARED_SECRET: 'did.DERIVE_SHARED_SECRET',
  SERVICE_ENCRYPT: 'did.SERVICE_ENCRYPT',
  SERVICE_DECRYPT: 'did.SERVICE_DECRYPT',
  SERVICE_GENERATE_DATA_KEY: 'did.SERVICE_GENERATE_DATA_KEY',
} as const satisfies Readonly<Record<EnumOf<'VersionOperation'>, string>>

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
          .map(({ operation, operations: count }) => t(phrases[operation], { count }))
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
