import type { ComponentProps } from 'react'
import { Link } from 'wouter'

/** What a button is for: the main thing to do, something that cannot be undone, or anything else. */
type Kind = 'primary' | 'danger' | 'plain'

const classOf = (kind: Kind, className = '') => `button ${kind} ${className}`.trim()

/** A button. While `busy`, it does nothing. */
export function Button({
  kind = 'plain',
  busy = false,
  disabled = false,
  className,
  type = 'button',
  ...rest
}: ComponentProps<'button'> & { readonly kind?: Kind; readonly busy?: boolean }) {
  return (
    <button
      {...rest}
      type={type}
      className={classOf(kind, className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    />
  )
}

/** A link that looks like a button. */
export function LinkButton(props: {
  readonly href: string
  readonly kind?: Kind
  readonly children: React.ReactNode
}) {
  return (
    <Link href={props.href} className={classOf(props.kind ?? 'plain')}>
      {props.children}
    </Link>
  )
}
