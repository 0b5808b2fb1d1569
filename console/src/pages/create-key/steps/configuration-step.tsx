import { useTranslations } from 'use-intl'
import { ChoiceCards } from '../../../design/choice-cards.tsx'
import { CheckField } from '../../../design/fields.tsx'
import { Badge, Notice } from '../../../design/notice.tsx'
import { fittingEntry } from '../../../keys/access-entry.ts'
import { isQuantumVulnerable } from '../../../keys/algorithms.ts'
import { useValueText } from '../../../texts/values.ts'
import { type AlgorithmInfo, algorithmsFor, isRecommended, typesFor, usagesOf } from '../key-algorithms.ts'
import { canDecryptInGraph, type KeyDraft } from '../key-draft.ts'
import type { StepProps } from './basics-step.tsx'

/** What the key is for and made of. Each choice narrows the next, and takes what is recommended. */
export function ConfigurationStep(props: StepProps & { readonly offered: readonly AlgorithmInfo[] }) {
  const { draft, onChange, offered } = props
  const t = useTranslations('createKey')
  const valueText = useValueText()
  const { usage, algorithm } = draft
  const types = typesFor(offered, usage)

  function choose(next: KeyDraft['usage'], type: AlgorithmInfo['type'] | undefined) {
    const [first] = type === undefined ? [] : algorithmsFor(offered, next, type)
    if (!first) return
    const entries = draft.entries.map((entry) => fittingEntry(entry, { usage: next, type: first.type }))
    onChange({ usage: next, algorithm: first, entries })
  }
  return (
    <>
      <ChoiceCards
        name="usage"
        label={t('usage')}
        hint={t('usageHint')}
        value={usage}
        options={usagesOf(offered).map((value) => ({
          value,
          title: valueText('KeyUsage', value),
          text: t(`usages.${value}`),
        }))}
        onChange={(next) => choose(next, typesFor(offered, next)[0])}
      />
      {types.length > 1 ? (
        <ChoiceCards
          name="type"
          label={t('type')}
          value={algorithm.type}
          options={types.map((value) => ({
            value,
            title: valueText('KeyType', value),
            text: t(`types.${value}`),
          }))}
          onChange={(type) => choose(usage, type)}
        />
      ) : (
        <p>
          <strong>{t('type')}</strong> {valueText('KeyType', algorithm.type)}{' '}
          <span className="quiet block">{t(`types.${algorithm.type}`)}</span>
        </p>
      )}
      <AlgorithmChoice {...props} />
      <ChoiceCards
        name="origin"
        label={t('origin')}
        value={draft.origin}
        options={(['KEYSTEAD', 'EXTERNAL'] as const).map((value) => ({
          value,
          title: valueText('KeyOrigin', value),
          text: t(`origins.${value}`),
        }))}
        onChange={(origin) => onChange({ origin })}
      />
      {canDecryptInGraph(draft) && (
        <fieldset>
          <legend>{t('graph')}</legend>
          <CheckField
            label={
              <>
                {t('decryptableInGraph')} <span className="quiet block">{t('decryptableInGraphHint')}</span>
              </>
            }
            checked={draft.decryptableInGraph}
            onChange={(decryptableInGraph) => onChange({ decryptableInGraph })}
          />
        </fieldset>
      )}
    </>
  )
}

/** The algorithms, with what the server says about each. */
function AlgorithmChoice(props: StepProps & { readonly offered: readonly AlgorithmInfo[] }) {
  const { draft, onChange, offered } = props
  const t = useTranslations('createKey')
  const { usage, algorithm } = draft
  const choices = algorithmsFor(offered, usage, algorithm.type)
  return (
    <>
      <ChoiceCards
        name="algorithm"
        label={t('algorithm')}
        hint={t('algorithmHint')}
        value={algorithm.algorithm}
        options={choices.map((info) => ({
          value: info.algorithm,
          title: info.displayName,
          marks: (
            <>
              {isRecommended(usage, info) && <Badge tone="good">{t('recommended')}</Badge>}
              {isQuantumVulnerable(info.algorithm) && <Badge tone="waiting">{t('quantumVulnerable')}</Badge>}
            </>
          ),
          text: <AlgorithmText info={info} />,
        }))}
        onChange={(value) => {
          const chosen = choices.find((info) => info.algorithm === value)
          if (chosen) onChange({ algorithm: chosen })
        }}
      />
      {isQuantumVulnerable(algorithm.algorithm) && <Notice tone="waiting">{t('quantumHint')}</Notice>}
    </>
  )
}

function AlgorithmText({ info }: { readonly info: AlgorithmInfo }) {
  const t = useTranslations('createKey')
  return (
    <>
      {info.description}
      <span className="block">
        {t('standard', { standard: info.standard })} · {t('strength', { bits: info.securityBits })}
      </span>
    </>
  )
}
