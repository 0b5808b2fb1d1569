import { type ReactNode, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import type { UserError } from '../api/user-error.ts'
import { CheckField } from '../design/fields.tsx'
import { Notice } from '../design/notice.tsx'

/** Consent to a change after which one no longer sees the key oneself. */
export interface LockoutConsent {
  /** Goes into the input of the change. */
  readonly allowLockout: boolean
  /** True while the change would be refused again. */
  readonly isMissing: boolean
  /** The refusal without the one that the question below stands for. */
  readonly refusal: UserError | null
  /** The question; nothing while the server has not warned. */
  readonly question: ReactNode
}

/**
 * Asks before one locks oneself out: it says what will happen and who could take it back, where that is foreseen or the server
 * has refused a change for it, and the change is sent only after consent.
 */
export function useLockoutConsent(
  refusal: UserError | null,
  /** Who still sees and manages the key afterwards. */
  keepers: readonly string[] = [],
  /** True where it is known before the server says so. */
  isForeseen = false,
): LockoutConsent {
  const t = useTranslations('danger')
  const { list } = useFormatter()
  const [isAsked, setAsked] = useState(false)
  const [allowLockout, setAllowed] = useState(false)
  const isLockout = refusal?.code === 'LOCKOUT'
  if (isLockout && !isAsked) setAsked(true)
  const isQuestion = isAsked || isLockout || isForeseen
  return {
    allowLockout: isQuestion && allowLockout,
    isMissing: isQuestion && !allowLockout,
    refusal: isLockout ? null : refusal,
    question: isQuestion && (
      <Notice tone="bad">
        <p>
          <strong>{t('lockout')}</strong>
        </p>
        <p>{keepers.length > 0 ? t('lockoutKeepers', { who: list([...keepers]) }) : t('lockoutNobody')}</p>
        <CheckField label={t('lockoutConsent')} checked={allowLockout} onChange={setAllowed} />
      </Notice>
    ),
  }
}
