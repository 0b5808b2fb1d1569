import type english from './en.json'
import type { Language } from './languages.tsx'

declare module 'use-intl' {
  interface AppConfig {
    Messages: typeof english
    Locale: Language
  }
}
