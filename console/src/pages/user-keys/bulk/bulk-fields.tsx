import { useTranslations } from 'use-intl'
import { Moment } from '../../../design/facts.tsx'
import { CheckField, TextField } from '../../../design/fields.tsx'
import { CallerList } from '../../../keys/caller-list.tsx'
import { LabelsEditor } from '../../../keys/labels-editor.tsx'
import type { BulkChoice } from './bulk-change.ts'
import type { BulkAction, SelectedKey } from './selected-keys.ts'

/** What a change of many keys means, with names and numbers, and what is to be decided about it. */
export function BulkFields(props: {
  readonly action: BulkAction
  readonly keys: readonly SelectedKey[]
  readonly choice: BulkChoice
  readonly onChange: (choice: BulkChoice) => void
}) {
  const { action, keys, choice, onChange } = props
  const t = useTranslations('bulk')
  const isAsymmetric = keys.some(({ type }) => type === 'ASYMMETRIC')
  return (
    <>
      <p>{t(`${action}.meaning`)}</p>
      {action === 'rotate' && isAsymmetric && <p>{t('rotate.publicKeys')}</p>}
      {action === 'destroy' && (
        <TextField
          name="waitingPeriodDays"
          type="number"
          min={0}
          max={30}
          required
          label={t('waitingPeriod')}
          hint={t('waitingPeriodHint')}
          value={String(choice.waitingPeriodDays)}
          onChange={(days) => onChange({ ...choice, waitingPeriodDays: Number(days) })}
        />
      )}
      {action === 'label' ? (
        <LabelFields keys={keys} choice={choice} onChange={onChange} />
      ) : (
        <ul className="outcomes" aria-label={t('keys')}>
          {keys.map((key) => (
            <li key={key.id}>
              <span>
                <strong>{key.name}</strong>
                <VersionUse version={key.defaultVersion} isUseShown={action !== 'rotate'} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** Which version is changed, and who would miss it. */
function VersionUse(props: {
  readonly version: SelectedKey['defaultVersion']
  readonly isUseShown: boolean
}) {
  const { version, isUseShown } = props
  const t = useTranslations('bulk')
  const common = useTranslations('common')
  if (version === null) return null
  const callers = version.usageByCaller ?? []
  return (
    <>
      <span className="quiet block">
        {common('version', { number: version.number })}
        {isUseShown && (
          <>
            {' · '}
            {t('lastUse')} <Moment at={version.lastUsedAt} none="never" />
          </>
        )}
      </span>
      {callers.length > 0 && <CallerList callers={callers} />}
    </>
  )
}

function LabelFields(props: {
  readonly keys: readonly SelectedKey[]
  readonly choice: BulkChoice
  readonly onChange: (choice: BulkChoice) => void
}) {
  const { keys, choice, onChange } = props
  const t = useTranslations('bulk')
  const names = [...new Set(keys.flatMap(({ labels }) => (labels ?? []).map(({ name }) => name)))].toSorted()
  return (
    <>
      <LabelsEditor name="set" labels={choice.set} onChange={(set) => onChange({ ...choice, set })} />
      {names.length > 0 && (
        <fieldset>
          <legend>{t('removeLabels')}</legend>
          {names.map((name) => (
            <CheckField
              key={name}
              label={name}
              checked={choice.remove.includes(name)}
              onChange={(isRemoved) =>
                onChange({
                  ...choice,
                  remove: isRemoved
                    ? [...choice.remove, name]
                    : choice.remove.filter((each) => each !== name),
                })
              }
            />
          ))}
        </fieldset>
      )}
    </>
  )
}
