import { useState } from 'react'
import { createItem } from './create-item.ts'
import { CreateKeyPage } from './create-key-form.tsx'
import { KeyDetail } from './key-detail.tsx'
import { KeyList } from './key-list.tsx'
import { type ListFilter, noFilter } from './list-filter.ts'

/** The user keys of the project, one of them, or the form for a new one. */
export function UserKeysPage({ item }: { readonly item: string | null }) {
  // Kept here, so that the list is as it was when the reader comes back to it.
  const [filter, setFilter] = useState<ListFilter>(noFilter)
  if (item === createItem) return <CreateKeyPage />
  if (item !== null) return <KeyDetail key={item} id={item} />
  return <KeyList filter={filter} onFilter={setFilter} />
}
