import { Field } from '@base-ui/react/field'
import type { ComponentProps, ReactNode } from 'react'
import { useFieldName } from './form.tsx'

/** What every field has. Its name is the path of its input, joined with dots. */
interface FieldParts {
  readonly name: string
  readonly label: string
  readonly hint?: ReactNode
  /** What is wrong with an input before it is sent; null if nothing. */
  readonly validate?: ((value: string) => string | null) | undefined
}

type Control<Tag extends 'input' | 'select' | 'textarea'> = Omit<
  ComponentProps<Tag>,
  'name' | 'onChange' | 'value'
>

/** A label, a control, a hint, and what is wrong with the input. */
export function FieldFrame(props: FieldParts & { readonly children: ReactNode }) {
  const { name, label, hint, validate, children } = props
  useFieldName(name)
  return (
    <Field.Root
      name={name}
      className="field"
      {...(validate && { validate: (value) => validate(String(value)) })}
    >
      <Field.Label>{label}</Field.Label>
      {hint !== undefined && hint !== null && <Field.Description className="quiet">{hint}</Field.Description>}
      {children}
      <Field.Error className="field-error" />
    </Field.Root>
  )
}

/** A line of text, a number, a date or the like, by its `type`. */
export function TextField({
  name,
  label,
  hint,
  value,
  onChange,
  ...control
}: FieldParts & Control<'input'> & { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <FieldFrame name={name} label={label} hint={hint}>
      <Field.Control
        autoComplete="off"
        {...control}
        value={value}
        onValueChange={(next) => onChange(String(next))}
      />
    </FieldFrame>
  )
}

/** Several lines of text. */
export function TextArea({
  name,
  label,
  hint,
  validate,
  value,
  onChange,
  ...control
}: FieldParts &
  Control<'textarea'> & { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <FieldFrame name={name} label={label} hint={hint} validate={validate}>
      <Field.Control
        value={value}
        onValueChange={(next) => onChange(String(next))}
        render={<textarea rows={4} spellCheck={false} {...control} />}
      />
    </FieldFrame>
  )
}

/** One of a few values. */
export function SelectField<Value extends string>({
  name,
  label,
  hint,
  value,
  options,
  onChange,
}: FieldParts & {
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly onChange: (value: Value) => void
}) {
  return (
    <FieldFrame name={name} label={label} hint={hint}>
      <Field.Control
        value={value}
        onValueChange={(next) => onChange(next as Value)}
        render={
          <select>
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
        }
      />
    </FieldFrame>
  )
}

/** Yes or no. */
export function CheckField(props: {
  readonly label: ReactNode
  readonly checked: boolean
  readonly disabled?: boolean
  readonly onChange: (checked: boolean) => void
}) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        onChange={({ target }) => props.onChange(target.checked)}
      />
      <span>{props.label}</span>
    </label>
  )
}
