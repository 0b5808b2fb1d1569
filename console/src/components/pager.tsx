import type { PageInfo, Pages } from '../graphql/use-pages.ts'

/** The ways to the pages before and after. */
export function Pager(props: { readonly label: string; readonly info: PageInfo; readonly pages: Pages }) {
  const { label, info, pages } = props
  if (!info.hasNextPage && !info.hasPreviousPage) return null
  return (
    <nav className="pager" aria-label={label}>
      <button type="button" disabled={!info.hasPreviousPage} onClick={() => pages.previous(info)}>
        Previous
      </button>
      <button type="button" disabled={!info.hasNextPage} onClick={() => pages.next(info)}>
        Next
      </button>
    </nav>
  )
}
