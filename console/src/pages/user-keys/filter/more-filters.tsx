import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { Dialog } from '../../../design/dialog.tsx'
import { CheckField, SelectField, TextField } from '../../../design/fields.tsx'
import { Form } from '../../../design/form.tsx'
import { PairsField } from '../../../design/pairs-field.tsx'
import { SubjectField } from '../../../keys/subject-picker.tsx'
import { useValueText, valuesOf } from '../../../texts/values.ts'
import { isSubject, type ListFilter, noFilter } from './list-filter.ts'

const rare = [
  'owner',
  'createdBy',
  'label',
  'access',
  'rotation',
  'neverUsed',
  'canProtect',
  'nearLimit',
  'origin',
  'version',
  'createdFrom',
  'createdUntil',
  'unusedSince',
  'rotationUntil',
  'destructionUntil',
] as const satisfies readonly (keyof ListFilter)[]

/** The filters of this dialog. */
type RareFilter = Pick<ListFilter, (typeof rare)[number]>

const days = ['createdFrom', 'createdUntil', 'unusedSince', 'rotationUntil', 'destructionUntil'] as const

const questions = ['neverUsed', 'canProtect', 'nearLimit'] as const

/** The filters that are rarer asked for, to apply together. */
export function MoreFilters(props: {
  readonly open: boolean
  readonly filter: ListFilter
  readonly onClose: () => void
  readonly onApply: (filter: RareFilter) => void
}) {
  const t = useTranslations('userKeys')
  return (
    <Dialog open={props.open} onClose={props.onClose} title={t('moreFilters')}>
      <FilterForm
        filter={props.filter}
        onApply={(filter) => {
          props.onApply(filter)
          props.onClose()
        }}
      />
    </Dialog>
  )
}

/** Lives as long as the dialog is open: what is not applied is forgotten. */
function FilterForm(props: { readonly filter: ListFilter; readonly onApply: (filter: RareFilter) => void }) {
  const t = useTranslations('userKeys')
  const common = useTranslations('common')
  const valueText = useValueText()
  const [draft, setDraft] = useState<RareFilter>(props.filter)
  const [faults, setFaults] = useState<readonly string[]>([])
  function change(changes: Partial<RareFilter>) {
    setFaults([])
    setDraft({ ...draft, ...changes })
  }
  const onOff = [
    { value: '', label: common('all') },
    { value: 'on', label: common('on') },
    { value: 'off', label: common('off') },
  ] as const
  const yesNo = [
    { value: '', label: common('all') },
    { value: 'yes', label: common('yes') },
    { value: 'no', label: common('no') },
  ] as const

  function apply() {
    const wrong = (['owner', 'createdBy'] as const).filter(
      (name) => draft[name] !== '' && !isSubject(draft[name]),
    )
    setFaults(wrong)
    if (wrong.length > 0) return
    props.onApply(Object.fromEntries(rare.map((name) => [name, draft[name]])) as unknown as RareFilter)
  }
  return (
    <Form
      refusal={
        faults.length === 0
          ? null
          : {
              code: 'INVALID_INPUT',
              message: '',
              issues: faults.map((name) => ({ path: [name], message: t('subjectFault') })),
            }
      }
      onSubmit={apply}
      buttons={
        <>
          <Button onClick={() => setDraft(noFilter)}>{t('clearFilters')}</Button>
          <Button type="submit" kind="primary">
            {t('apply')}
          </Button>
        </>
      }
    >
      <div className="field-grid">
        <SubjectField
          name="createdBy"
          label={t('createdBy')}
          hint=""
          value={draft.createdBy}
          onChange={(createdBy) => change({ createdBy })}
        />
        <SubjectField
          name="owner"
          label={t('owner')}
          hint=""
          value={draft.owner}
          onChange={(owner) => change({ owner })}
        />
        <SelectField
          name="access"
          label={t('accessControl')}
          value={draft.access}
          options={onOff}
          onChange={(access) => change({ access })}
        />
        <SelectField
          name="rotation"
          label={t('automaticRotation')}
          value={draft.rotation}
          options={onOff}
          onChange={(rotation) => change({ rotation })}
        />
        <SelectField
          name="origin"
          label={t('origin')}
          value={draft.origin[0] ?? ''}
          options={[
            { value: '', label: common('all') },
            ...valuesOf('KeyOrigin').map((value) => ({ value, label: valueText('KeyOrigin', value) })),
          ]}
          onChange={(origin) => change({ origin: origin === '' ? [] : [origin] })}
        />
        {questions.map((name) => (
          <SelectField
            key={name}
            name={name}
            label={t(name)}
            value={draft[name]}
            options={yesNo}
            onChange={(value) => change({ [name]: value })}
          />
        ))}
        {days.map((name) => (
          <TextField
            key={name}
            name={name}
            type="date"
            label={t(name)}
            value={draft[name]}
            onChange={(value) => change({ [name]: value })}
          />
        ))}
      </div>
      <fieldset>
        <legend>{t('version')}</legend>
        {valuesOf('KeyVersionStatus').map((status) => (
          <CheckField
            key={status}
            label={valueText('KeyVersionStatus', status)}
            checked={draft.version.includes(status)}
            onChange={(isChosen) =>
              change({
                version: [...draft.version.filter((each) => each !== status), ...(isChosen ? [status] : [])],
              })
            }
          />
        ))}
      </fieldset>
      <PairsField
        name="label"
        label={t('labels')}
        hint={t('labelsHint')}
        rowLabel={(number) => t('labelRow', { number })}
        addLabel={t('addLabel')}
        pairs={draft.label}
        onChange={(label) => change({ label })}
        max={10}
        nameLength={63}
        valueLength={256}
      />
    </Form>
  )
}
