import { Field } from '@base-ui/react/field'
import { type ReactNode, useId } from 'react'
import { useFieldName } from './form.tsx'

/** Several controls that make one input: a legend, the controls, a hint, and what is wrong with the input. */
export function GroupFrame(props: {
  readonly name: string
  readonly label: string
  readonly hint?: ReactNode
  readonly className?: string | undefined
  readonly children: ReactNode
}) {
  useFieldName(props.name)
  return (
    <Field.Root name={props.name} render={<fieldset />} className={props.className}>
      <legend>{props.label}</legend>
      {props.hint !== undefined && <p className="quiet">{props.hint}</p>}
      {props.children}
      <Field.Error className="field-error" />
    </Field.Root>
  )
}

/** One of a few values, each with what it means. */
export function ChoiceCards<Value extends string>(props: {
  readonly name: string
  readonly label: string
  readonly hint?: ReactNode
  readonly value: Value
  readonly options: readonly {
    readonly value: Value
    readonly title: string
    /** Badges beside the title. */
    readonly marks?: ReactNode
    readonly text?: ReactNode
  }[]
  readonly onChange: (value: Value) => void
}) {
  const { value, options, onChange, ...frame } = props
  const id = useId()
  return (
    <GroupFrame {...frame} className="choice-cards">
      <div className="choice-list">
        {options.map((option) => (
          <label key={option.value} className="choice">
            <input
              type="radio"
              name={`${id}.${frame.name}`}
              value={option.value}
              checked={option.value === value}
              aria-labelledby={`${id}.${option.value}.title`}
              aria-describedby={`${id}.${option.value}.text`}
              onChange={() => onChange(option.value)}
            />
            <span>
              <strong id={`${id}.${option.value}.title`}>{option.title}</strong>
              <span id={`${id}.${option.value}.text`}>
                {option.marks}
                {option.text !== undefined && <span className="quiet block">{option.text}</span>}
              </span>
            </span>
          </label>
        ))}
      </div>
    </GroupFrame>
  )
}
