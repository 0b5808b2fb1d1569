import { useTranslations } from 'use-intl'
import { type Address, useAddress } from './address.ts'
import { Button } from './button.tsx'

/** Which part of a list to ask for. */
export interface PageArguments {
  readonly first?: number
  readonly after?: string
  readonly last?: number
  readonly before?: string
}

/** What a list says about the page that it answered. */
export interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

/** The part of a list that the address asks for, by its parameters `after` and `before`. */
export function pageArguments({ get }: Address, size: number): PageArguments {
  const after = get('after')
  const before = get('before')
  if (before !== null) return { last: size, before }
  return after === null ? { first: size } : { first: size, after }
}

/** Removes the page from the address, as when a filter changes. */
export const firstPage = { after: null, before: null } as const

/** Goes through a list by its cursors, which are in the address. */
export function Pager(props: {
  readonly info: PageInfo
  readonly totalCount?: number | null
  /** Parameters that the other pages need besides their cursor. */
  readonly keep?: Readonly<Record<string, string>>
  /** While another list is on its way: the cursors of the one that is shown are not valid for it. */
  readonly busy?: boolean
}) {
  const t = useTranslations('table')
  const address = useAddress()
  const { hasNextPage, hasPreviousPage, startCursor, endCursor } = props.info
  const { busy = false } = props
  function go(page: { readonly after: string | null; readonly before: string | null }) {
    // Not disabled meanwhile: that would take the focus from the button.
    if (!busy) address.set({ ...props.keep, ...page })
  }
  return (
    <nav className="pager" aria-label={t('next')}>
      {props.totalCount != null && <span className="quiet">{t('total', { count: props.totalCount })}</span>}
      <Button
        disabled={!hasPreviousPage}
        aria-disabled={busy || undefined}
        onClick={() => go({ after: null, before: startCursor })}
      >
        {t('previous')}
      </Button>
      <Button
        disabled={!hasNextPage}
        aria-disabled={busy || undefined}
        onClick={() => go({ after: endCursor, before: null })}
      >
        {t('next')}
      </Button>
    </nav>
  )
}
