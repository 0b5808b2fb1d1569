import { useTranslations } from 'use-intl'
import { useAddress } from '../../design/address.ts'
import { Button, LinkButton } from '../../design/button.tsx'
import { Empty } from '../../design/notice.tsx'
import { firstPage } from '../../design/pager.tsx'
import { addressOf, noFilter } from './filter/list-filter.ts'

/** In place of the list where it has no rows: what to do. */
export function EmptyList(props: {
  readonly mayCreate: boolean
  readonly isNarrowed: boolean
  /** True if there are keys, but none on the page that the address asks for. */
  readonly hasOtherPages: boolean
}) {
  const t = useTranslations('userKeys')
  const table = useTranslations('table')
  const address = useAddress()
  if (props.hasOtherPages) {
    return (
      <Empty>
        <p>{t('emptyPage')}</p>
        <Button onClick={() => address.set(firstPage)}>{table('first')}</Button>
      </Empty>
    )
  }
  if (props.isNarrowed) {
    return (
      <Empty>
        <p>{t('noMatch')}</p>
        <Button onClick={() => address.set(addressOf(noFilter))}>{t('clearFilters')}</Button>
      </Empty>
    )
  }
  return (
    <Empty>
      <p>
        <strong>{t('noKeys')}</strong>
      </p>
      <p>{t(props.mayCreate ? 'noKeysCreate' : 'noKeysAsk')}</p>
      {props.mayCreate && (
        <LinkButton href="/user-keys/new" kind="primary">
          {t('create')}
        </LinkButton>
      )}
    </Empty>
  )
}
