import type { DetailKey } from '../detail-key.ts'
import { AccessControl } from './access-control.tsx'
import { WhyAccess } from './why-access.tsx'

/** Who has access to the key, and why. */
export function AccessTab({ userKey }: { readonly userKey: DetailKey }) {
  return (
    <>
      <AccessControl userKey={userKey} />
      <WhyAccess userKey={userKey} />
    </>
  )
}
