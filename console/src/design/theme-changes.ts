import { useSyncExternalStore } from 'react'

const system = matchMedia('(prefers-color-scheme: dark)')

function listen(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  system.addEventListener('change', onChange)
  return () => {
    observer.disconnect()
    system.removeEventListener('change', onChange)
  }
}

/** Another value whenever the colours of the page change: for what is drawn, as nothing else needs to know. */
export const useThemeChanges = (): string =>
  useSyncExternalStore(listen, () => `${document.documentElement.dataset['theme']} ${system.matches}`)
