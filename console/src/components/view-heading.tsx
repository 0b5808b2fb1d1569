import { type ReactNode, useEffect, useRef } from 'react'

/** The heading of what was just opened; the keyboard goes on from there. */
export function ViewHeading({ children }: { readonly children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  )
}
