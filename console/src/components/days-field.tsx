import { Field } from './field.tsx'

/** A number of whole days; text until it is sent, so that it can be typed anew. */
export function DaysField(props: {
  readonly label: string
  readonly min: number
  readonly max: number
  readonly value: string
  readonly error?: string | undefined
  readonly onChange: (value: string) => void
}) {
  return (
    <Field label={props.label} error={props.error}>
      {(control) => (
        <input
          {...control}
          type="number"
          required
          min={props.min}
          max={props.max}
          step={1}
          value={props.value}
          onChange={({ target }) => props.onChange(target.value)}
        />
      )}
    </Field>
  )
}
