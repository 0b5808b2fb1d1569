import { type ReactNode, useId } from 'react'

/** A part of a page with a heading of its own. */
export function Section(props: {
  readonly title: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  const heading = useId()
  return (
    <section className="card" aria-labelledby={heading}>
      <header className="section-head">
        <h2 id={heading}>{props.title}</h2>
        {props.actions}
      </header>
      {props.children}
    </section>
  )
}
