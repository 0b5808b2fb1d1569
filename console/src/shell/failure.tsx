import { Component, type ReactNode } from 'react'
import type { CombinedError } from 'urql'
import { useTranslations } from 'use-intl'
import { useProblemText } from '../api/problem-text.ts'
import { Button } from '../design/button.tsx'

/** Shows a way on where the console itself breaks, in place of nothing. */
export class FailureBoundary extends Component<
  { readonly children: ReactNode },
  { readonly hasFailed: boolean }
> {
  override state = { hasFailed: false }
  static getDerivedStateFromError = () => ({ hasFailed: true })
  override render() {
    return this.state.hasFailed ? <Broken /> : this.props.children
  }
}

function Broken() {
  const t = useTranslations('problem')
  return (
    <main className="main">
      <div className="notice bad" role="alert">
        <p>{t('broken')}</p>
        <Button onClick={() => location.reload()}>{t('reload')}</Button>
      </div>
    </main>
  )
}

/** Says in people's words why a request failed that no field can mend, with a way to go on. */
export function ProblemBanner(props: {
  readonly error: CombinedError
  readonly onRetry: () => void
  readonly onDismiss: () => void
}) {
  const t = useTranslations('problem')
  return (
    <div className="banner" role="alert">
      <p>{useProblemText()(props.error)}</p>
      <div className="buttons">
        <Button onClick={props.onRetry}>{t('retry')}</Button>
        <Button onClick={props.onDismiss}>{t('dismiss')}</Button>
      </div>
    </div>
  )
}
