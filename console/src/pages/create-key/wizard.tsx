import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { useLocation } from 'wouter'
import { graphql } from '../../api/graphql.ts'
import { useChange } from '../../api/use-change.ts'
import { userErrorFields } from '../../api/user-error.ts'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { Form } from '../../design/form.tsx'
import { Page } from '../../shell/page.tsx'
import { useFocusOnChange } from './focus-on-change.ts'
import type { AlgorithmInfo } from './key-algorithms.ts'
import { createInput, newDraft } from './key-draft.ts'
import { isReachable, StepList } from './step-list.tsx'
import { AccessStep } from './steps/access-step.tsx'
import { BasicsStep } from './steps/basics-step.tsx'
import { ConfigurationStep } from './steps/configuration-step.tsx'
import { RotationStep } from './steps/rotation-step.tsx'
import { SummaryStep } from './steps/summary-step.tsx'
import { type Step, stepsOf } from './steps.ts'
import { useChecks } from './use-checks.ts'
import { useWizard, type Wizard } from './use-wizard.ts'

const createUserKey = graphql(
  `
    mutation CreateUserKey($input: CreateUserKeyInput!) {
      createUserKey(input: $input) {
        ... on CreateUserKeyPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

interface WizardParts {
  readonly offered: readonly AlgorithmInfo[]
  readonly owner: string
}

/** The steps to a new key. The step is in the address, the draft in memory. */
export function CreateKeyWizard(props: WizardParts) {
  const t = useTranslations('createKey')
  const address = useAddress()
  const wizard = useWizard(() => newDraft(props.offered))
  const steps = stepsOf(wizard.draft)
  const wanted = steps.find((step) => step === address.get('step')) ?? 'basics'
  // An address of a later step leads to the first that is still to be done, as after a reload.
  const current = isReachable(steps, wanted, wizard)
    ? wanted
    : (steps.find((step) => !wizard.done.has(step)) ?? 'basics')
  useFocusOnChange(current)
  const title = t(`steps.${current}`)
  return (
    <Page title={t('title')} documentTitle={wizard.done.size > 0 ? `${title} · ${t('title')}` : t('title')}>
      <div className="wizard">
        <StepList steps={steps} current={current} wizard={wizard} />
        <StepForm key={current} {...props} title={title} current={current} steps={steps} wizard={wizard} />
      </div>
    </Page>
  )
}

function StepForm(
  props: WizardParts & {
    readonly title: string
    readonly current: Step
    readonly steps: readonly Step[]
    readonly wizard: Wizard
  },
) {
  const { title, current, steps, wizard } = props
  const t = useTranslations('createKey')
  const common = useTranslations('common')
  const address = useAddress()
  const [, goTo] = useLocation()
  const { run, isRunning } = useChange(createUserKey, {
    onRefusal: (refusal) => show(wizard.refuse(refusal, steps)),
  })
  const check = useChecks(wizard.draft)
  const at = steps.indexOf(current)
  const show = (step: Step | undefined) => step !== undefined && address.set({ step })

  async function create() {
    const payload = await run(createInput(wizard.draft))
    if (payload === null) return
    wizard.discard()
    address.set({ step: 'done', key: payload.userKey.id }, { replace: true })
  }
  function next() {
    const problem = check(current)
    if (problem) return void wizard.refuse(problem, steps)
    wizard.finish(current)
    show(steps[at + 1])
  }
  return (
    <section className="card" aria-labelledby="step-title">
      <h2 id="step-title" tabIndex={-1}>
        {title}
      </h2>
      <Form
        label={title}
        refusal={wizard.refusals.get(current) ?? null}
        onSubmit={() => (current === 'summary' ? void create() : next())}
        buttons={
          <>
            {at > 0 && <Button onClick={() => show(steps[at - 1])}>{t('back')}</Button>}
            <Button type="submit" kind="primary" busy={isRunning}>
              {current === 'summary' ? t('create') : t('next')}
            </Button>
            <Button
              onClick={() => {
                wizard.discard()
                goTo('/user-keys')
              }}
            >
              {common('cancel')}
            </Button>
          </>
        }
      >
        {contentOf(props)}
      </Form>
    </section>
  )
}

function contentOf({
  current,
  wizard: { draft, change },
  offered,
  owner,
}: Parameters<typeof StepForm>[0]): ReactNode {
  switch (current) {
    case 'basics':
      return <BasicsStep draft={draft} onChange={change} />
    case 'configuration':
      return <ConfigurationStep draft={draft} onChange={change} offered={offered} />
    case 'rotation':
      return <RotationStep draft={draft} onChange={change} />
    case 'access':
      return <AccessStep draft={draft} onChange={change} owner={owner} />
    case 'summary':
      return <SummaryStep draft={draft} owner={owner} />
  }
}
