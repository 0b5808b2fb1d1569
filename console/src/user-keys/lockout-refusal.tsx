import { Refusal } from '../components/refusal.tsx'
import type { UserError } from '../graphql/user-error.ts'

/** A refusal; where the caller would lock itself out, it may go on all the same. */
export function LockoutRefusal(props: { readonly error: UserError | null; readonly onConfirm: () => void }) {
  return (
    <Refusal error={props.error}>
      {props.error?.code === 'LOCKOUT' && (
        <button type="button" className="danger" onClick={props.onConfirm}>
          Go on, and lose my own access
        </button>
      )}
    </Refusal>
  )
}
