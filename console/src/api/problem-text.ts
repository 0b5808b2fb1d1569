import type { CombinedError } from 'urql'
import { useTranslations } from 'use-intl'

/** Says in people's words why a request failed that no input can mend. */
export function useProblemText(): (error: CombinedError) => string {
  const t = useTranslations('problem')
  return ({ networkError, graphQLErrors: [first] }) => {
    switch (first?.extensions['code']) {
      case 'FORBIDDEN':
        return t('forbidden')
      case 'RATE_LIMITED':
        return t('tooMany')
      case 'UNAVAILABLE':
        return t('unavailable')
      default:
        return networkError || first === undefined ? t('offline') : t('failed', { message: first.message })
    }
  }
}
