import type { ReactNode } from 'react'

/** How good or bad something is. */
export type Tone = 'good' | 'waiting' | 'bad' | 'quiet'

/** A message in the page. Bad ones are read out at once. */
export function Notice({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  )
}

/** A short state, as of a key. The text says it; the colour only helps. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>
}

/** What is shown where there is nothing yet, with what to do about it. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return <div className="empty">{children}</div>
}
