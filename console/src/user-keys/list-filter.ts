import type { EnumOf } from '../graphql/graphql.ts'

/** What the list is narrowed to; empty texts narrow nothing. */
export interface ListFilter {
  readonly namePrefix: string
  readonly status: EnumOf<'KeyStatus'> | ''
}

/** All keys. */
export const noFilter: ListFilter = { namePrefix: '', status: '' }

/** The filter as the API takes it. */
export const filterInput = ({ namePrefix, status }: ListFilter) => ({
  ...(namePrefix !== '' && { namePrefix }),
  ...(status !== '' && { status: [status] }),
})
