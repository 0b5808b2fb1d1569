/** What the browser remembers of how the user wants the console: never anything about keys or tokens. */
export function readSetting(name: string): string | null {
  try {
    return localStorage.getItem(`keystead.${name}`)
  } catch {
    // Storage may be switched off. The settings then last until the page is reloaded.
    return null
  }
}

/** Remembers a setting; `null` forgets it. */
export function writeSetting(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`keystead.${name}`)
    else localStorage.setItem(`keystead.${name}`, value)
  } catch {
    // As above.
  }
}
