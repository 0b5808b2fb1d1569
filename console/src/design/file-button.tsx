import { useRef } from 'react'
import { Button } from './button.tsx'

/** A button that lets the user choose a file. The same file may be chosen twice. */
export function FileButton(props: { readonly label: string; readonly onChoice: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button onClick={() => input.current?.click()}>{props.label}</Button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={({ target }) => {
          const [file] = target.files ?? []
          target.value = ''
          if (file) props.onChoice(file)
        }}
      />
    </>
  )
}
