import { Autocomplete } from '@base-ui/react/autocomplete'
import { Combobox } from '@base-ui/react/combobox'
import { type ReactNode, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { FieldFrame } from '../design/fields.tsx'
import { useValueText } from '../texts/values.ts'
import { useKnownSubjects } from './known-subjects.ts'
import { kindOfSubject, suggestSubjects } from './subjects.ts'

/** Shown where nothing is typed yet. */
const example = 'user:bob'

interface PickerParts {
  /** The path of the input, joined with dots: the server's messages appear here. */
  readonly name: string
  readonly label: string
  /** Null for none; a general one if not given. */
  readonly hint?: ReactNode
  /** Subjects that are not offered, as those on the list already. */
  readonly without?: readonly string[] | undefined
}

/** One subject, as `user:bob`: chosen among those that the viewer knows, or typed. */
export function SubjectField(
  props: PickerParts & {
    readonly value: string
    readonly onChange: (value: string) => void
    readonly required?: boolean
  },
) {
  const t = useTranslations('subjects')
  const [isWanted, setWanted] = useState(false)
  const known = useKnownSubjects(isWanted).filter((subject) => !props.without?.includes(subject))
  const suggestions = suggestSubjects(props.value, known)
  return (
    <FieldFrame
      name={props.name}
      label={props.label}
      hint={props.hint === undefined ? t('hint') : props.hint}
    >
      <Autocomplete.Root
        items={suggestions}
        filter={null}
        value={props.value}
        onValueChange={(next, details) =>
          details.reason === 'escape-key' ? details.cancel() : props.onChange(next)
        }
        openOnInputClick
        autoHighlight
      >
        <Autocomplete.Input
          className="input"
          placeholder={example}
          required={props.required}
          spellCheck={false}
          autoCapitalize="none"
          onFocus={() => setWanted(true)}
        />
        <Autocomplete.Portal>
          <Autocomplete.Positioner sideOffset={4} className="above">
            <Autocomplete.Popup className="menu subject-menu">
              <Autocomplete.List>
                {(subject: string) => (
                  <Autocomplete.Item key={subject} value={subject} className="menu-item">
                    <SubjectLine subject={subject} />
                  </Autocomplete.Item>
                )}
              </Autocomplete.List>
            </Autocomplete.Popup>
          </Autocomplete.Positioner>
        </Autocomplete.Portal>
      </Autocomplete.Root>
    </FieldFrame>
  )
}

/** Several subjects. What is typed counts also where it is none of the suggestions. */
export function SubjectsField(
  props: PickerParts & {
    readonly value: readonly string[]
    readonly onChange: (value: readonly string[]) => void
  },
) {
  const t = useTranslations('subjects')
  const common = useTranslations('common')
  const [isWanted, setWanted] = useState(false)
  const [typed, setTyped] = useState('')
  const highlighted = useRef<string | undefined>(undefined)
  const { value, onChange, without = [] } = props
  const taken = new Set([...value, ...without])
  const known = useKnownSubjects(isWanted)
  // Those that are chosen stay in the list: the field takes others for a mistake.
  const suggestions = suggestSubjects(typed, known).filter((subject) => !taken.has(subject))

  function take(text: string) {
    const next = text.split(/[,\n]/).flatMap((each) => each.trim() || [])
    if (next.length > 0) onChange([...new Set([...value, ...next])])
    setTyped('')
  }

  return (
    <FieldFrame name={props.name} label={props.label} hint={props.hint ?? t('hint')}>
      <Combobox.Root
        multiple
        items={[...value, ...suggestions]}
        filteredItems={suggestions}
        // The same list while nothing changes: a new one would take the server's message away.
        value={value as string[]}
        onValueChange={(next, details) => {
          // Escape closes the list; it takes nobody's access away.
          if (details.reason === 'escape-key') return details.cancel()
          onChange(next)
          setTyped('')
        }}
        inputValue={typed}
        onInputValueChange={(text, { reason }) => {
          // The text is taken over when the focus leaves the field, not thrown away.
          if (reason === 'input-change') setTyped(text)
        }}
        onItemHighlighted={(item) => {
          highlighted.current = item
        }}
        autoHighlight
      >
        <Combobox.Chips className="input chips">
          {value.map((subject) => (
            <Combobox.Chip key={subject} className="chip" aria-label={subject}>
              {subject}
              <Combobox.ChipRemove className="button icon" aria-label={t('remove', { subject })}>
                ×
              </Combobox.ChipRemove>
            </Combobox.Chip>
          ))}
          <Combobox.Input
            placeholder={value.length === 0 ? example : undefined}
            spellCheck={false}
            autoCapitalize="none"
            onFocus={() => setWanted(true)}
            onBlur={() => take(typed)}
            onPaste={(event) => {
              const text = event.clipboardData.getData('text')
              if (!/[,\n]/.test(text)) return
              event.preventDefault()
              take(text)
            }}
            onKeyDown={(event) => {
              if (typed.trim() === '' || event.nativeEvent.isComposing) return
              if (event.key !== ',' && (event.key !== 'Enter' || highlighted.current !== undefined)) return
              event.preventDefault()
              take(typed)
            }}
          />
        </Combobox.Chips>
        <Combobox.Portal>
          <Combobox.Positioner sideOffset={4} className="above">
            <Combobox.Popup className="menu subject-menu" aria-label={common('add')}>
              <Combobox.List>
                {(subject: string) => (
                  <Combobox.Item key={subject} value={subject} className="menu-item">
                    <SubjectLine subject={subject} />
                  </Combobox.Item>
                )}
              </Combobox.List>
            </Combobox.Popup>
          </Combobox.Positioner>
        </Combobox.Portal>
      </Combobox.Root>
    </FieldFrame>
  )
}

function SubjectLine({ subject }: { readonly subject: string }) {
  const valueText = useValueText()
  const kind = kindOfSubject(subject)
  return (
    <span className="subject-line">
      <span>{subject}</span>
      {kind && <span className="quiet">{valueText('SubjectKind', kind)}</span>}
    </span>
  )
}
