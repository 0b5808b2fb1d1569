import { createContext, use } from 'react'
import { useTranslations } from 'use-intl'
import { useViewer } from '../api/viewer.ts'
import { type Persona, personas } from './personas.ts'

/** The persona of development mode, and how to be another. */
export const personaChoice = createContext<{
  readonly persona: Persona
  readonly choose: (persona: Persona) => void
} | null>(null)

/** Who one is. In development mode, the choice of a persona. */
export function AccountMenu() {
  const t = useTranslations('app')
  const viewer = useViewer()
  const choice = use(personaChoice)
  return (
    <>
      {choice && (
        <select
          aria-label={t('persona')}
          title={t('personaHint')}
          value={choice.persona}
          onChange={({ target }) => choice.choose(target.value as Persona)}
        >
          {personas.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      )}
      {viewer && <code className="viewer">{viewer.subject.id}</code>}
    </>
  )
}
