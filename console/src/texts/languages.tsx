import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { IntlProvider } from 'use-intl'
import { readSetting, writeSetting } from '../design/settings.ts'
import type english from './en.json'

/** Languages of the console by their own name. Each has one catalogue in this folder; English is what the others translate. */
export const languages = { en: 'English', ko: '한국어' } as const

/** Code of one of the {@link languages}. */
export type Language = keyof typeof languages

type Catalogue = typeof english

const catalogues: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => (await import('./en.json')).default,
  ko: async () => (await import('./ko.json')).default,
}

const choice = createContext<{ readonly language: Language; readonly choose: (language: Language) => void }>({
  language: 'en',
  choose: () => {},
})

/** The language of the console, and how to choose another. */
export const useLanguage = () => use(choice)

/** Gives the texts of the chosen language: the one chosen last, or else the first of the browser's that there is. */
export function TextsProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(initialLanguage)
  const [shown, setShown] = useState<{ language: Language; catalogue: Catalogue } | null>(null)
  useEffect(() => {
    let isCurrent = true
    void catalogues[language]().then((catalogue) => isCurrent && setShown({ language, catalogue }))
    return () => {
      isCurrent = false
    }
  }, [language])
  useEffect(() => {
    document.documentElement.lang = shown?.language ?? 'en'
  }, [shown])
  function choose(next: Language) {
    writeSetting('language', next)
    setLanguage(next)
  }
  if (shown === null) return null
  return (
    <choice.Provider value={{ language, choose }}>
      <IntlProvider locale={shown.language} messages={shown.catalogue} timeZone={timeZone}>
        {children}
      </IntlProvider>
    </choice.Provider>
  )
}

const { timeZone } = Intl.DateTimeFormat().resolvedOptions()

function initialLanguage(): Language {
  const wanted = [readSetting('language'), ...navigator.languages.map((each) => each.slice(0, 2))]
  return wanted.find((each): each is Language => each !== null && Object.hasOwn(languages, each)) ?? 'en'
}
