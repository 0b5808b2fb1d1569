import { useTranslations } from 'use-intl'
import { useAddress } from '../design/address.ts'
import { CodeBlock } from '../design/facts.tsx'
import { codeExamples, codeLanguages } from './code-examples.ts'
import type { CodeKey } from './code-operations.ts'

/** Code that uses a key, right for its usage, in the language that the address says. */
export function CodePanel({ userKey }: { readonly userKey: CodeKey }) {
  const t = useTranslations('code')
  const address = useAddress()
  const language = codeLanguages.find((each) => each === address.get('code')) ?? 'TypeScript'
  return (
    <div className="code-panel">
      <fieldset className="tabs" aria-label={t('language')}>
        {codeLanguages.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === language}
            onClick={() => address.set({ code: each }, { replace: true })}
          >
            {each}
          </button>
        ))}
      </fieldset>
      <p className="quiet">{t(`hints.${language}`)}</p>
      {codeExamples(language, userKey, `${location.origin}/graphql`).map(({ operations, code }) => (
        <CodeBlock
          key={operations.join()}
          text={code}
          what={t('what', { language, operations: operations.join(', ') })}
        />
      ))}
    </div>
  )
}
