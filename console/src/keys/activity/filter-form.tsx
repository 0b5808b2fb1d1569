import { useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { Choices } from '../../design/choices.tsx'
import { useValueText } from '../../texts/values.ts'
import { anew, noFilter } from './filter.ts'
import { PeriodFields } from './period-fields.tsx'
import { actionGroups, groupOfAction, outcomeTones } from './words.ts'

type Action = keyof typeof groupOfAction
type Outcome = keyof typeof outcomeTones

/** Narrows the trail. What is chosen counts at once, what is typed with the button or Enter. */
export function FilterForm(props: {
  readonly keyId: string | undefined
  readonly actors: readonly string[]
}) {
  const t = useTranslations('activity')
  const valueText = useValueText()
  const address = useAddress()
  const outcomes = address.getAll('outcome') as Outcome[]
  const actions = address.getAll('action') as Action[]
  const isFiltered = Object.keys(noFilter).some((name) => address.get(name) !== null)
  return (
    <div className="stack">
      <div className="filters">
        <PeriodFields />
        <Choices
          label={t('outcome')}
          groups={[
            {
              options: (Object.keys(outcomeTones) as Outcome[]).map((value) => ({
                value,
                label: valueText('AuditOutcome', value),
              })),
            },
          ]}
          chosen={outcomes}
          onChange={(outcome) => address.set({ outcome, ...anew })}
        />
        <Choices
          label={t('action')}
          groups={actionGroups.map((group) => ({
            title: t(`actions.${group}`),
            options: (Object.keys(groupOfAction) as Action[])
              .filter((action) => groupOfAction[action] === group)
              .map((value) => ({ value, label: valueText('AuditAction', value) })),
          }))}
          chosen={actions}
          onChange={(action) => address.set({ action, ...anew })}
        />
        <TypedFilters key={typedIn(address.get)} {...props} />
        {isFiltered && <Button onClick={() => address.set(noFilter)}>{t('clear')}</Button>}
      </div>
      <Pairs />
    </div>
  )
}

/** What of the filter is typed, as a text: the fields begin anew where it changes otherwise, as with Back. */
const typedIn = (get: (name: string) => string | null) =>
  JSON.stringify([get('actor'), get('key'), get('version')])

function TypedFilters(props: { readonly keyId: string | undefined; readonly actors: readonly string[] }) {
  const t = useTranslations('activity')
  const address = useAddress()
  const [actor, setActor] = useState(address.get('actor') ?? '')
  const [key, setKey] = useState(address.get('key') ?? '')
  const [version, setVersion] = useState(address.get('version') ?? '')
  const [label, setLabel] = useState('')
  const [context, setContext] = useState('')
  const hasKey = props.keyId !== undefined || key !== ''
  function apply() {
    const added = (name: 'label' | 'context', text: string) => [
      ...new Set([...address.getAll(name), ...(text.trim() === '' ? [] : [text.trim()])]),
    ]
    address.set({
      actor: actor.trim(),
      key: key.trim(),
      version: hasKey ? version : null,
      label: added('label', label),
      context: added('context', context),
      ...anew,
    })
    setLabel('')
    setContext('')
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        apply()
      }}
    >
      <LabelledInput
        label={t('actor')}
        value={actor}
        placeholder="user:alice"
        suggestions={[...new Set(props.actors)]}
        onChange={setActor}
      />
      {props.keyId === undefined && (
        <LabelledInput label={t('key')} value={key} placeholder={t('keyHint')} onChange={setKey} />
      )}
      {hasKey && (
        <LabelledInput
          label={t('version')}
          value={version}
          type="number"
          placeholder=""
          onChange={setVersion}
        />
      )}
      {props.keyId === undefined && (
        <LabelledInput label={t('label')} value={label} placeholder="team=payments" onChange={setLabel} />
      )}
      <LabelledInput label={t('context')} value={context} placeholder="tenant=acme" onChange={setContext} />
      <Button type="submit">{t('apply')}</Button>
    </form>
  )
}

function LabelledInput(props: {
  readonly label: string
  readonly value: string
  readonly placeholder: string
  readonly type?: 'number'
  readonly suggestions?: readonly string[]
  readonly onChange: (value: string) => void
}) {
  const list = useId()
  const { suggestions = [] } = props
  return (
    <label className="field">
      <span className="field-label">{props.label}</span>
      <input
        value={props.value}
        type={props.type ?? 'text'}
        min={1}
        max={2_147_483_647}
        placeholder={props.placeholder}
        spellCheck={false}
        autoComplete="off"
        list={suggestions.length > 0 ? list : undefined}
        onChange={({ target }) => props.onChange(target.value)}
      />
      {suggestions.length > 0 && (
        <datalist id={list}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </label>
  )
}

/** The labels and pairs of context that events must have, each with a button that removes it. */
function Pairs() {
  const t = useTranslations('activity')
  const address = useAddress()
  const pairs = (['label', 'context'] as const).flatMap((name) =>
    address.getAll(name).map((text) => ({ name, text })),
  )
  if (pairs.length === 0) return null
  return (
    <ul className="conditions" aria-label={t('conditions')}>
      {pairs.map(({ name, text }) => (
        <li key={`${name} ${text}`}>
          <span>
            {t(name)}: <code>{text}</code>
          </span>
          <button
            type="button"
            className="button icon"
            aria-label={t('without', { condition: text })}
            onClick={() =>
              address.set({ [name]: address.getAll(name).filter((each) => each !== text), ...anew })
            }
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  )
}
