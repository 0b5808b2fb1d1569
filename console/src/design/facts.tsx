import type { ReactNode } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { useToast } from './toasts.tsx'

/** Names with their values. Null leaves one out. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ReactNode] | null)[]
}) {
  return (
    <dl className="facts">
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact[0]}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

/** A moment in the viewer's zone, with UTC on hover. */
export function Moment(props: {
  readonly at: string | null | undefined
  /** With seconds. */
  readonly precise?: boolean
  /** Without the time of day, where that is always the same. */
  readonly onlyDay?: boolean
  /** What is said where there is no moment. */
  readonly none?: 'none' | 'never'
}) {
  const { at, precise = false, onlyDay = false, none = 'none' } = props
  const { dateTime } = useFormatter()
  const t = useTranslations('common')
  if (at === null || at === undefined) return <span className="quiet">{t(none)}</span>
  const moment = new Date(at)
  return (
    <time dateTime={at} title={moment.toISOString().replace('T', ' ').replace('.000Z', ' UTC')}>
      {dateTime(moment, {
        dateStyle: 'medium',
        ...(!onlyDay && { timeStyle: precise ? 'medium' : 'short' }),
      })}
    </time>
  )
}

/** Copies a text. `what` says which, as "ID of orders". */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const t = useTranslations('common')
  const toast = useToast()
  async function copy() {
    await navigator.clipboard.writeText(text)
    toast(t('copied'))
  }
  return (
    <button
      type="button"
      className="button icon"
      aria-label={t('copy', { what })}
      onClick={() => void copy()}
    >
      <svg className="icon-image" viewBox="0 0 16 16" aria-hidden="true">
        <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
        <path d="M10.5 2.5h-6a2 2 0 0 0-2 2v6" />
      </svg>
    </button>
  )
}

/** An ID, a fingerprint or the like, with a button that copies it. */
export function CopyText({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <span className="copy-text">
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  )
}

/** Code or a text to copy, as a block. */
export function CodeBlock({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <div className="code-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} what={what} />
    </div>
  )
}
