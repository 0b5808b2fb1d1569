import { useTranslations } from 'use-intl'
import type { UserError } from '../../api/user-error.ts'
import type { KeyDraft } from './key-draft.ts'
import { refusalAt, type Step } from './steps.ts'

/** Names of keys, as the server has the rule. */
const keyName = /^[a-z0-9][A-Za-z0-9_-]{0,63}$/

/** What the console finds wrong with a step by itself, so that nobody has to come back for it; null if nothing. */
export function useChecks(draft: KeyDraft): (step: Step) => UserError | null {
  const t = useTranslations('createKey')
  return (step) => {
    if (step === 'basics' && !keyName.test(draft.name)) return refusalAt('name', t('nameRule'))
    const days = Number(draft.cycleDays)
    if (step === 'rotation' && draft.rotates && !(Number.isInteger(days) && days >= 1 && days <= 1095)) {
      return refusalAt('automaticRotation.cycleDays', t('cycleHint'))
    }
    return null
  }
}
