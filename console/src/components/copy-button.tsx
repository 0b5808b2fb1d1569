import { useState } from 'react'

/** Puts a text on the clipboard. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const [copied, setCopied] = useState<string | null>(null)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(text)
  }
  return (
    <button type="button" aria-live="polite" onClick={copy}>
      {copied === text ? 'Copied' : label}
    </button>
  )
}
