import { useTranslations } from 'use-intl'
import { CodeBlock } from '../../../design/facts.tsx'
import { Notice } from '../../../design/notice.tsx'
import { Section } from '../../../design/section.tsx'
import { algorithmName } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import { convertCommand, generateCommand, needsNewOpenssl, wrapCommands } from './commands.ts'
import type { ImportParameters } from './parameters.ts'

/** The second step: the commands that bring the material into its form and wrap it. */
export function MaterialStep(props: { readonly userKey: DetailKey; readonly parameters: ImportParameters }) {
  const t = useTranslations('import')
  const { parameters } = props
  const { algorithm } = props.userKey
  if (algorithm === null) return null
  const name = algorithmName(algorithm)
  const isRaw = parameters.materialBytes !== null
  return (
    <Section title={t('second')}>
      <p>
        {isRaw
          ? t('formRaw', { bytes: parameters.materialBytes ?? 0, algorithm: name })
          : t('formPrivate', { algorithm: name })}
      </p>
      {needsNewOpenssl(algorithm) && <Notice tone="waiting">{t('newOpenssl')}</Notice>}
      <h3>{t('convert')}</h3>
      <CodeBlock text={convertCommand(parameters)} what={t('convert')} />
      <details>
        <summary>{t('generate')}</summary>
        <CodeBlock text={generateCommand(algorithm, parameters)} what={t('generate')} />
      </details>
      <h3>{t('wrap')}</h3>
      <CodeBlock text={wrapCommands(parameters)} what={t('wrap')} />
      <p className="quiet">{t('wrapHint')}</p>
    </Section>
  )
}
