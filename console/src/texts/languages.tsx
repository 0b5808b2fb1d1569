import type { TextList } from 'virtual:texts/en'
import { type TextNames, textNames } from 'virtual:texts/names'
import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { IntlProvider } from 'use-intl'
import { readSetting, writeSetting } from '../design/settings.ts'
import type english from './en.json'

/** Languages of the console by their own name. Each has one catalogue in this folder; English is what the others translate. */
export const languages = { en: 'English', ko: '한국어' } as const

/** Code of one of the {@link languages}. */
export type Language = keyof typeof languages

/** A language, and its texts. */
interface Texts {
  readonly language: Language
  readonly catalogue: typeof english
}

/** Texts without their names, which are the same in every language. */
const lists: Readonly<Record<Language, () => Promise<{ readonly texts: TextList }>>> = {
  en: () => import('virtual:texts/en'),
  ko: () => import('virtual:texts/ko'),
}

/** Loads the texts of a language: of the one chosen last, or else of the first of the browser's that there is. */
export async function loadTexts(language = initialLanguage()): Promise<Texts> {
  const { texts } = await lists[language]()
  // The build compares the catalogues, so that each name has its text.
  return { language, catalogue: named(textNames, texts.values()) as Texts['catalogue'] }
}

function named(names: TextNames, texts: Iterator<unknown>): object {
  return Object.fromEntries(
    Object.entries(names).map(([name, inner]) => [
      name,
      inner === 0 ? texts.next().value : named(inner, texts),
    ]),
  )
}

const choice = createContext<{ readonly language: Language; readonly choose: (language: Language) => void }>({
  language: 'en',
  choose: () => {},
})

/** The language of the console, and how to choose another. */
export const useLanguage = () => use(choice)

/** Gives the texts of the chosen language. */
export function TextsProvider(props: { readonly initial: Texts; readonly children: ReactNode }) {
  const [language, setLanguage] = useState(props.initial.language)
  const [shown, setShown] = useState(props.initial)
  useEffect(() => {
    if (shown.language === language) return
    let isCurrent = true
    void loadTexts(language).then((texts) => isCurrent && setShown(texts))
    return () => {
      isCurrent = false
    }
  }, [language, shown])
  useEffect(() => {
    document.documentElement.lang = shown.language
  }, [shown])
  function choose(next: Language) {
    writeSetting('language', next)
    setLanguage(next)
  }
  return (
    <choice.Provider value={{ language, choose }}>
      <IntlProvider locale={shown.language} messages={shown.catalogue} timeZone={timeZone}>
        {props.children}
      </IntlProvider>
    </choice.Provider>
  )
}

const { timeZone } = Intl.DateTimeFormat().resolvedOptions()

function initialLanguage(): Language {
  const wanted = [readSetting('language'), ...navigator.languages.map((each) => each.slice(0, 2))]
  return wanted.find((each): each is Language => each !== null && Object.hasOwn(languages, each)) ?? 'en'
}
