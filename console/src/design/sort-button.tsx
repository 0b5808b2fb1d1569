import type { ReactNode } from 'react'

/** The order of a list, as the server knows it. */
export interface Sorting {
  readonly field: string
  readonly direction: 'ASC' | 'DESC'
  readonly onChange: (field: string, direction: 'ASC' | 'DESC') => void
}

/** The title of a column. Where the server can sort by it, a button: first upwards, then downwards. */
export function SortButton(props: {
  readonly column: { readonly sortBy?: string } | undefined
  readonly sorting: Sorting | undefined
  readonly children: ReactNode
}) {
  const { sorting } = props
  const field = props.column?.sortBy
  if (sorting === undefined || field === undefined) return props.children
  const isUpwards = sorting.field === field && sorting.direction === 'ASC'
  const mark = sorting.field === field ? (isUpwards ? '▲' : '▼') : '↕'
  return (
    <button
      type="button"
      className="sort"
      onClick={() => sorting.onChange(field, isUpwards ? 'DESC' : 'ASC')}
    >
      {props.children} <span aria-hidden="true">{mark}</span>
    </button>
  )
}

/** What screen readers are told of the order of a column; nothing where it cannot be sorted. */
export function ariaSort(column: { readonly sortBy?: string } | undefined, sorting: Sorting | undefined) {
  if (sorting === undefined || column?.sortBy === undefined) return undefined
  if (sorting.field !== column.sortBy) return 'none'
  return sorting.direction === 'ASC' ? 'ascending' : 'descending'
}
