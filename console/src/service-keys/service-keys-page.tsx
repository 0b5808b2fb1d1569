import { ServiceKeyDetail } from './service-key-detail.tsx'
import { ServiceKeyList } from './service-key-list.tsx'

/** The service keys of the project, or one of them. */
export function ServiceKeysPage({ item }: { readonly item: string | null }) {
  return item === null ? <ServiceKeyList /> : <ServiceKeyDetail key={item} id={item} />
}
