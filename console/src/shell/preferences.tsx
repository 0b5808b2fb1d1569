import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { readSetting, writeSetting } from '../design/settings.ts'
import { type Language, languages, useLanguage } from '../texts/languages.tsx'

const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

const themeTexts = { system: 'themeSystem', light: 'themeLight', dark: 'themeDark' } as const

/** Shows the page in the theme that was chosen last. */
export function applyTheme(theme: string = readSetting('theme') ?? 'system'): void {
  document.documentElement.dataset['theme'] = theme
}

/** Language and appearance. */
export function Preferences() {
  const t = useTranslations('app')
  const { language, choose } = useLanguage()
  const [theme, setTheme] = useState(readSetting('theme') ?? 'system')
  function chooseTheme(next: string) {
    setTheme(next)
    writeSetting('theme', next === 'system' ? null : next)
    applyTheme(next)
  }
  return (
    <>
      <select
        aria-label={t('language')}
        value={language}
        onChange={({ target }) => choose(target.value as Language)}
      >
        {Object.entries(languages).map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label={t('theme')} value={theme} onChange={({ target }) => chooseTheme(target.value)}>
        {themes.map((each: Theme) => (
          <option key={each} value={each}>
            {t(themeTexts[each])}
          </option>
        ))}
      </select>
    </>
  )
}
