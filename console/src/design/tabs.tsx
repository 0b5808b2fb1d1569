import { Link } from 'wouter'

/** Parts of a page that have an address each. */
export function Tabs(props: {
  readonly label: string
  readonly tabs: readonly { readonly href: string; readonly title: string; readonly isCurrent: boolean }[]
}) {
  return (
    <nav className="tabs" aria-label={props.label}>
      {props.tabs.map(({ href, title, isCurrent }) => (
        <Link key={href} href={href} aria-current={isCurrent ? 'page' : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  )
}
