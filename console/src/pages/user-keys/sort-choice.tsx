import { useTranslations } from 'use-intl'
import type { EnumOf } from '../../api/graphql.ts'
import { type Address, useAddress } from '../../design/address.ts'
import { firstPage } from '../../design/pager.tsx'
import { valuesOf } from '../../texts/values.ts'

/** The order of the list, as the API takes it. */
export interface KeyOrder {
  readonly field: EnumOf<'UserKeyOrderField'>
  readonly direction: EnumOf<'OrderDirection'>
}

/** The order that the address asks for; the newest first without one. */
export function readOrder({ get }: Address): KeyOrder {
  const field = valuesOf('UserKeyOrderField').find((each) => each === get('sort')) ?? 'CREATED_AT'
  const isUpwards = get('direction') === 'ASC'
  return { field, direction: isUpwards ? 'ASC' : 'DESC' }
}

/** Changes of the address for another order, from its first page on. */
export const orderAddress = ({ field, direction }: { field: string; direction: string }) => ({
  sort: field,
  direction,
  ...firstPage,
})

/** Chooses the order in words, also where no column is to be seen. */
export function SortChoice({ order }: { readonly order: KeyOrder }) {
  const t = useTranslations('userKeys')
  const address = useAddress()
  return (
    <select
      aria-label={t('sort')}
      value={`${order.field} ${order.direction}`}
      onChange={({ target }) => {
        const [field = '', direction = ''] = target.value.split(' ')
        address.set(orderAddress({ field, direction }))
      }}
    >
      {valuesOf('UserKeyOrderField').flatMap((field) =>
        (['ASC', 'DESC'] as const).map((direction) => (
          <option key={`${field} ${direction}`} value={`${field} ${direction}`}>
            {t(`orders.${field}.${direction}`)}
          </option>
        )),
      )}
    </select>
  )
}
