import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import type { Step } from './steps.ts'
import type { Wizard } from './use-wizard.ts'

/** The steps in their order. Those that one has come to are links. */
export function StepList(props: {
  readonly steps: readonly Step[]
  readonly current: Step
  readonly wizard: Wizard
}) {
  const { steps, current, wizard } = props
  const t = useTranslations('createKey')
  return (
    <nav aria-label={t('progress')}>
      <ol className="steps">
        {steps.map((step) => {
          const title = t(`steps.${step}`)
          const hasProblem = wizard.refusals.has(step)
          return (
            <li
              key={step}
              data-done={wizard.done.has(step) || undefined}
              data-problem={hasProblem || undefined}
            >
              {isReachable(steps, step, wizard) ? (
                <Link
                  href={`/user-keys/new?step=${step}`}
                  aria-current={step === current ? 'step' : undefined}
                >
                  {title}
                </Link>
              ) : (
                <span>{title}</span>
              )}
              {hasProblem && <span className="visually-hidden">{t('hasProblem')}</span>}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}

/** True if all steps before it are done. */
export const isReachable = (steps: readonly Step[], step: Step, wizard: Wizard): boolean =>
  steps.slice(0, steps.indexOf(step)).every((before) => wizard.done.has(before))
