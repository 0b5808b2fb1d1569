import { useSyncExternalStore } from 'react'

/** The pages of the console. */
export type PageName = 'user-keys' | 'service-keys'

/** What the address names: a page, and maybe a key on it. */
export interface Route {
  readonly page: PageName
  readonly item: string | null
}

/** The address of a page or of a key. */
export const linkTo = (page: PageName, item?: string): string =>
  item === undefined ? `#/${page}` : `#/${page}/${item}`

/** Goes to a page or to a key. */
export function goTo(page: PageName, item?: string): void {
  location.hash = linkTo(page, item)
}

/** Follows the part of the address after the `#`. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  const [, page, item] = hash.split('/')
  return { page: page === 'service-keys' ? page : 'user-keys', item: item || null }
}

function subscribe(onChange: () => void): () => void {
  addEventListener('hashchange', onChange)
  return () => removeEventListener('hashchange', onChange)
}
