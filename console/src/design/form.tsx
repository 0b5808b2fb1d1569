import { Form as BaseForm } from '@base-ui/react/form'
import { createContext, type ReactNode, use, useLayoutEffect, useMemo, useReducer, useRef } from 'react'
import { messagesByField, type UserError } from '../api/user-error.ts'
import { Notice } from './notice.tsx'

const fieldNames = createContext<Set<string> | null>(null)

/**
 * A form. What the server says about an input appears at the field of that name, once, and what belongs to no field above
 * the buttons. The name of a field is the path of its input, joined with dots.
 */
export function Form(props: {
  readonly onSubmit: () => void
  readonly refusal: UserError | null
  readonly children: ReactNode
  readonly buttons: ReactNode
  readonly label?: string
}) {
  const names = useRef(new Set<string>())
  const errors = useMemo(() => messagesByField(props.refusal), [props.refusal])
  // Where a form begins with a refusal, its fields have said their names only now.
  const [look, lookAgain] = useReducer((count: number) => count + 1, 0)
  useLayoutEffect(() => {
    if (props.refusal !== null) lookAgain()
  }, [props.refusal])
  // Kept while nothing changes: a field forgets its message when its input changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: names of fields come without a new set.
  const { atFields, others } = useMemo(() => placed(errors, names.current), [errors, look])
  return (
    <fieldNames.Provider value={names.current}>
      <BaseForm
        className="form"
        aria-label={props.label}
        errors={atFields}
        validationMode="onSubmit"
        onSubmit={(event) => {
          event.preventDefault()
          // A dialog may be inside a page's form in React, though not in the document.
          event.stopPropagation()
          props.onSubmit()
        }}
      >
        {props.children}
        {others.map(([name, message]) => (
          <Notice key={name} tone="bad">
            {message}
          </Notice>
        ))}
        <div className="buttons">{props.buttons}</div>
      </BaseForm>
    </fieldNames.Provider>
  )
}

/** The messages that fields show, and those that belong to no field. */
function placed(errors: Readonly<Record<string, string>>, names: ReadonlySet<string>) {
  const others: [name: string, message: string][] = []
  const atFields: Record<string, string> = {}
  for (const [name, message] of Object.entries(errors)) {
    const field = fieldOf(name, names)
    if (field === undefined) others.push([name, message])
    else atFields[field] = message
  }
  return { atFields, others }
}

/** Says that a field of this name is shown, so that the form leaves its messages to it. */
export function useFieldName(name: string): void {
  const names = use(fieldNames)
  useLayoutEffect(() => {
    names?.add(name)
    return () => void names?.delete(name)
  }, [names, name])
}

/** The field for a message: that of its path, or else of the beginning of its path. */
function fieldOf(path: string, names: ReadonlySet<string>): string | undefined {
  if (names.has(path)) return path
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')))
  return parent === '' ? undefined : fieldOf(parent, names)
}
