import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'

const openedAt = location.href
let hasMoved = false

/** A page: its heading, which the browser's title repeats and which gets the focus after navigation, and its content. */
export function Page(props: {
  readonly title: string
  /** The browser's title, where it says more than the heading. */
  readonly documentTitle?: string
  /** What is above the title, as links to where one came from. */
  readonly above?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  const t = useTranslations('app')
  const heading = useRef<HTMLHeadingElement>(null)
  const { title, documentTitle = title } = props
  useEffect(() => {
    document.title = `${documentTitle} – ${t('name')}`
  }, [documentTitle, t])
  useEffect(() => {
    // When the console is opened, the focus stays with the browser.
    hasMoved ||= location.href !== openedAt
    if (hasMoved) heading.current?.focus()
  }, [])
  return (
    <>
      <div className="page-head">
        <div>
          {props.above}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
        </div>
        <div className="buttons">{props.actions}</div>
      </div>
      {props.children}
    </>
  )
}
