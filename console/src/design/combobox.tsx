import { Combobox } from '@base-ui/react/combobox'

/** A text with suggestions. What is typed counts also where it is none of them. */
export function SuggestField(props: {
  readonly label: string
  readonly value: string
  readonly suggestions: readonly string[]
  readonly placeholder?: string
  readonly onChange: (value: string) => void
}) {
  return (
    <Combobox.Root
      items={props.suggestions}
      inputValue={props.value}
      onInputValueChange={props.onChange}
      value={props.suggestions.includes(props.value) ? props.value : null}
      onValueChange={(chosen) => chosen !== null && props.onChange(chosen)}
    >
      <Combobox.Input
        aria-label={props.label}
        placeholder={props.placeholder}
        className="input"
        autoComplete="off"
      />
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} className="above">
          <Combobox.Popup className="menu">
            <Combobox.List>
              {(item: string) => (
                <Combobox.Item key={item} value={item} className="menu-item">
                  {item}
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  )
}
