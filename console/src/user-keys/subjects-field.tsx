import { Field } from '../components/field.tsx'

/** Some subjects, one a line. */
export function SubjectsField(props: {
  readonly label: string
  readonly required?: boolean
  readonly value: string
  readonly error?: string | undefined
  readonly onChange: (value: string) => void
}) {
  return (
    <Field
      label={props.label}
      hint="One a line: user:bob, group:payments, service-account:ci, service-agent:Secrets Manager"
      error={props.error}
    >
      {(control) => (
        <textarea
          {...control}
          rows={3}
          required={props.required}
          value={props.value}
          onChange={({ target }) => props.onChange(target.value)}
        />
      )}
    </Field>
  )
}
