import type { CombinedError } from 'urql'

/** A top-level error: something that no form can put right. */
export function Banner({
  error,
  onDismiss,
}: {
  readonly error: CombinedError
  readonly onDismiss: () => void
}) {
  const [first] = error.graphQLErrors
  const code = first?.extensions['code']
  return (
    <div className="banner" role="alert">
      <p>
        {typeof code === 'string' && <code>{code}</code>}{' '}
        {first?.message ?? error.networkError?.message ?? error.message}
      </p>
      <button type="button" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  )
}
