import { useTranslations } from 'use-intl'
import { Notice } from '../../../design/notice.tsx'
import { useValueText } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import type { Explanation, Reason } from './explanation.ts'
import type { Operation } from './question.ts'
import { useReasonText } from './reason-text.ts'

const visibilityTexts = { FULL: 'full', REDACTED: 'redacted', ABSENT: 'absent' } as const

/** The answer to why somebody may do something, or may not: first whether, then for which reasons. */
export function AccessVerdict(props: {
  readonly userKey: DetailKey
  readonly subject: string
  readonly operation: Operation
  readonly explanation: Explanation
}) {
  const t = useTranslations('access.why')
  const valueText = useValueText()
  const { userKey, subject, explanation } = props
  const { allowed, visibility, grantedBy, missing } = explanation
  const verdict = allowed === null ? 'depends' : allowed ? 'may' : 'mayNot'
  return (
    <div className="stack">
      <Notice tone={allowed === null ? 'waiting' : allowed ? 'good' : 'bad'}>
        <strong>
          {t(verdict, { subject, operation: valueText('KeyOperation', props.operation), name: userKey.name })}
        </strong>
        {t(visibilityTexts[visibility], { subject })}
      </Notice>
      <Reasons title={t('because')} reasons={grantedBy} isGiven {...{ userKey, subject }} />
      <Reasons
        title={t(allowed === null ? 'maybeMissing' : 'missing')}
        reasons={missing}
        isGiven={false}
        {...{ userKey, subject }}
      />
    </div>
  )
}

function Reasons(props: {
  readonly title: string
  readonly reasons: readonly Reason[]
  readonly isGiven: boolean
  readonly userKey: DetailKey
  readonly subject: string
}) {
  const { title, reasons, ...about } = props
  const reasonText = useReasonText(about)
  if (reasons.length === 0) return null
  const texts = [...new Set(reasons.map(reasonText))]
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  )
}
