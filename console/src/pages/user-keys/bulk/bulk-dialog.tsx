import { useState } from 'react'
import { useQuery } from 'urql'
import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { ConfirmDialog, Dialog } from '../../../design/dialog.tsx'
import { Form } from '../../../design/form.tsx'
import { Loading } from '../../../design/loading.tsx'
import { pairsInput } from '../../../design/pairs-field.tsx'
import { type BulkChoice, type BulkOutcome, useBulkChange } from './bulk-change.ts'
import { BulkFields } from './bulk-fields.tsx'
import { BulkOutcomes } from './bulk-outcomes.tsx'
import { LeftOut } from './left-out.tsx'
import { allows, type BulkAction, type SelectedKey, selectedKeysQuery } from './selected-keys.ts'

/** Asks before many keys are changed at once, and then shows how it went with each. */
export function BulkDialog(props: {
  readonly action: BulkAction
  readonly ids: readonly string[]
  /** Gets the keys that stay selected: those that were refused; null if nothing was done. */
  readonly onClose: (refused: readonly string[] | null) => void
}) {
  const { action, ids, onClose } = props
  const t = useTranslations('bulk')
  const common = useTranslations('common')
  const [outcomes, setOutcomes] = useState<readonly BulkOutcome[] | null>(null)
  const [choice, setChoice] = useState<BulkChoice>({ waitingPeriodDays: 7, set: [], remove: [] })
  const { run, refusal, isRunning } = useBulkChange(action, t('failed'))
  // As it was when the dialog was opened: what others change meanwhile, the server refuses.
  const [{ data }] = useQuery({
    query: selectedKeysQuery,
    variables: { ids: [...ids], withUse: action === 'deactivate' || action === 'destroy' },
    requestPolicy: 'network-only',
    pause: outcomes !== null,
  })
  const keys = (data?.nodes ?? []).filter((node): node is SelectedKey => node !== null && 'name' in node)
  const changed = keys.filter((key) => allows(action, key))
  const leftOut = keys.filter((key) => !allows(action, key))

  if (outcomes !== null) {
    const refused = outcomes.flatMap(({ id, refusal: reason }) => (reason === null ? [] : [id]))
    return (
      <Dialog open onClose={() => onClose(refused)} title={t(`${action}.button`)}>
        <BulkOutcomes outcomes={outcomes} onClose={() => onClose(refused)} />
      </Dialog>
    )
  }
  const close = () => onClose(null)
  if (data === undefined || changed.length === 0) {
    return (
      <Dialog open onClose={close} title={t(`${action}.button`)}>
        {data === undefined ? <Loading /> : <LeftOut action={action} keys={leftOut} />}
        <div className="buttons">
          <Button onClick={close}>{common('close')}</Button>
        </div>
      </Dialog>
    )
  }
  const title = t(`${action}.title`, { count: changed.length })
  const submit = async () =>
    setOutcomes(await run(changed, { ...choice, set: pairsInput(choice.set), remove: choice.remove }))
  const content = (
    <>
      <BulkFields action={action} keys={changed} choice={choice} onChange={setChoice} />
      <LeftOut action={action} keys={leftOut} />
    </>
  )
  if (action === 'deactivate' || action === 'destroy') {
    return (
      <ConfirmDialog
        open
        onClose={close}
        title={title}
        confirm={t(`${action}.confirm`)}
        onConfirm={() => void submit()}
        busy={isRunning}
        refusal={refusal}
        typeName={action === 'destroy' ? String(changed.length) : undefined}
      >
        {content}
      </ConfirmDialog>
    )
  }
  const isNothing = action === 'label' && choice.set.length + choice.remove.length === 0
  return (
    <Dialog open onClose={close} title={title}>
      <Form
        refusal={refusal}
        onSubmit={() => void submit()}
        buttons={
          <>
            <Button onClick={close}>{common('cancel')}</Button>
            <Button type="submit" kind="primary" busy={isRunning} disabled={isNothing}>
              {t(`${action}.confirm`)}
            </Button>
          </>
        }
      >
        {content}
      </Form>
    </Dialog>
  )
}
