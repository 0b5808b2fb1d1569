import type { ReactNode } from 'react'
import type { UserError } from '../graphql/user-error.ts'

/** Why a change was refused, at the form that asked for it; children offer a way on. */
export function Refusal({
  error,
  children,
}: {
  readonly error: UserError | null
  readonly children?: ReactNode
}) {
  return (
    error && (
      <div className="refusal" role="alert">
        <p>{error.message}</p>
        {children}
      </div>
    )
  )
}
