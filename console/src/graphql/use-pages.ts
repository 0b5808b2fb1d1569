import { useState } from 'react'

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

/** Where the reader is in a list, and the ways on from there. */
export interface Pages {
  readonly page: PageArguments
  next(info: PageInfo): void
  previous(info: PageInfo): void
}

/** Goes through a list by its cursors. */
export function usePages(size: number): Pages {
  const start = { first: size }
  const [page, setPage] = useState<PageArguments>(start)
  return {
    page,
    next: ({ endCursor }) => setPage(endCursor === null ? start : { first: size, after: endCursor }),
    // A page whose last item was deleted has no cursor to go back from.
    previous: ({ startCursor }) =>
      setPage(startCursor === null ? start : { last: size, before: startCursor }),
  }
}
