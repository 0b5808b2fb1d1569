/** Rows that the user may choose, by their IDs. */
export interface Selection {
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

/** A box to tick that has no text of its own beside it, as for a row of a table. */
export function SelectBox(props: {
  readonly label: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}) {
  return (
    <input
      type="checkbox"
      aria-label={props.label}
      checked={props.checked}
      onChange={({ target }) => props.onChange(target.checked)}
    />
  )
}
