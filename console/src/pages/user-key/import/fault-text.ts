import { useTranslations } from 'use-intl'
import type { UserError } from '../../../api/user-error.ts'

const parametersTexts = {
  UNKNOWN: 'parametersUnknown',
  EXPIRED: 'parametersExpired',
  USED: 'parametersUsed',
} as const
const materialTexts = {
  UNWRAPPING_FAILED: 'unwrappingFailed',
  NOT_A_KEY: 'notAKey',
  OTHER_ALGORITHM: 'otherAlgorithm',
  WRONG_SIZE: 'wrongSize',
  INCONSISTENT: 'inconsistent',
} as const

/** Gives in people's words why an import was refused, and what to do; null for what is not about the material. */
export function useFaultText(): (refusal: UserError) => string | null {
  const t = useTranslations('import.fault')
  return (refusal) => {
    const { importParametersFault, keyMaterialFault } = refusal as {
      importParametersFault?: keyof typeof parametersTexts
      keyMaterialFault?: keyof typeof materialTexts
    }
    if (importParametersFault) return t(parametersTexts[importParametersFault])
    // How to convert a key that is in another form, the server says best.
    if (keyMaterialFault === 'NOT_A_KEY') return t('notAKey', { message: refusal.message })
    return keyMaterialFault ? t(materialTexts[keyMaterialFault]) : null
  }
}
