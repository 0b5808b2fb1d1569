import { useEffect, useRef, useState } from 'react'

/** How long after the last letter the search begins. */
const pauseMs = 300

/** A text to search for. It counts when typing pauses, so that not every letter is a request. */
export function SearchField(props: {
  readonly label: string
  readonly value: string
  readonly maxLength?: number
  readonly onSearch: (text: string) => void
}) {
  const { label, value, maxLength, onSearch } = props
  const [text, setText] = useState(value)
  const known = useRef(value)
  const search = useRef(onSearch)
  search.current = onSearch
  // Another value than the one that was searched for comes from elsewhere, as from Back.
  useEffect(() => {
    if (known.current === value) return
    known.current = value
    setText(value)
  }, [value])
  useEffect(() => {
    const wanted = text.trim()
    if (wanted === known.current) return
    const timer = setTimeout(() => {
      known.current = wanted
      search.current(wanted)
    }, pauseMs)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <input
      type="search"
      className="search"
      aria-label={label}
      placeholder={label}
      value={text}
      maxLength={maxLength}
      autoComplete="off"
      spellCheck={false}
      onChange={({ target }) => setText(target.value)}
    />
  )
}
