import { useFormatter, useTranslations } from 'use-intl'
import { Notice } from '../../../design/notice.tsx'
import type { BulkAction, SelectedKey } from './selected-keys.ts'

/** Selected keys whose state does not allow the change, and why. */
export function LeftOut(props: { readonly action: BulkAction; readonly keys: readonly SelectedKey[] }) {
  const { action, keys } = props
  const t = useTranslations('bulk')
  const { list } = useFormatter()
  if (keys.length === 0) return null
  return (
    <Notice tone="quiet">
      <p>
        <strong>{t('leftOut', { count: keys.length })}</strong> {t(`${action}.leftOut`)}
      </p>
      <p>{list(keys.map(({ name }) => name))}</p>
    </Notice>
  )
}
