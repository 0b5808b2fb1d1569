import { Refusal } from '../components/refusal.tsx'
import { useChange } from '../graphql/use-change.ts'
import { disableAccessControl } from './access-mutations.ts'
import { asShown, type DetailKey } from './detail-key.ts'

/** Opens the key to the project again. */
export function DisableAccessControl({ userKey }: { readonly userKey: DetailKey }) {
  const { run, refusal, isRunning } = useChange(disableAccessControl)
  return (
    <>
      <button type="button" disabled={isRunning} onClick={() => void run(asShown(userKey))}>
        Disable access control
      </button>
      <p className="quiet">Disabling it clears the list.</p>
      <Refusal error={refusal} />
    </>
  )
}
