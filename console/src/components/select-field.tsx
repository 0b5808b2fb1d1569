import { Field } from './field.tsx'

/** A choice of one among a few. */
export function SelectField<Value extends string>(props: {
  readonly label: string
  readonly hint?: string | undefined
  readonly error?: string | undefined
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly onChange: (value: Value) => void
}) {
  const { label, hint, error, value, options, onChange } = props
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <select {...control} value={value} onChange={({ target }) => onChange(target.value as Value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
