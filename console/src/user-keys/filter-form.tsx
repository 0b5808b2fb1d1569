import { useState } from 'react'
import { Field } from '../components/field.tsx'
import { SelectField } from '../components/select-field.tsx'
import { sentence } from '../words.ts'
import { type ListFilter, noFilter } from './list-filter.ts'

const statuses = (['', 'PRE_ACTIVATION', 'ACTIVE', 'DEACTIVATED'] as const).map((value) => ({
  value,
  label: value === '' ? 'All' : sentence(value),
}))

/** Narrows the list. */
export function FilterForm(props: {
  readonly filter: ListFilter
  readonly onFilter: (filter: ListFilter) => void
}) {
  const [draft, setDraft] = useState(props.filter)
  return (
    <search>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault()
          props.onFilter(draft)
        }}
      >
        <Field label="Name starts with">
          {(control) => (
            <input
              {...control}
              type="search"
              maxLength={64}
              pattern="[A-Za-z0-9_\-]*"
              title="Letters, digits, - and _"
              value={draft.namePrefix}
              onChange={({ target }) => setDraft({ ...draft, namePrefix: target.value })}
            />
          )}
        </Field>
        <SelectField
          label="Status"
          value={draft.status}
          options={statuses}
          onChange={(status) => setDraft({ ...draft, status })}
        />
        <button type="submit">Search</button>
        <button
          type="button"
          onClick={() => {
            setDraft(noFilter)
            props.onFilter(noFilter)
          }}
        >
          Show all
        </button>
      </form>
    </search>
  )
}
