import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Link } from 'wouter'
import { Facts } from '../../../design/facts.tsx'
import { LabelList, RotationText } from '../../../keys/badges.tsx'
import { useValueText } from '../../../texts/values.ts'
import { canDecryptInGraph, canRotateItself, type KeyDraft } from '../key-draft.ts'
import type { Step } from '../steps.ts'
import { EntryLine } from './entry-line.tsx'

/** Everything that was chosen, part by part, each with a way back. */
export function SummaryStep({ draft, owner }: { readonly draft: KeyDraft; readonly owner: string }) {
  const t = useTranslations('createKey')
  const common = useTranslations('common')
  const valueText = useValueText()
  const { algorithm, labels, subjects, entries } = draft
  return (
    <>
      <Part step="basics">
        <Facts
          facts={[
            [t('name'), draft.name],
            [t('description'), draft.description || <None key="none" />],
            [
              t('labels'),
              labels.length > 0 ? <LabelList key="labels" labels={labels} /> : <None key="none" />,
            ],
            [t('start'), startText()],
          ]}
        />
      </Part>
      <Part step="configuration">
        <Facts
          facts={[
            [t('usage'), valueText('KeyUsage', draft.usage)],
            [t('type'), valueText('KeyType', algorithm.type)],
            [t('algorithm'), algorithm.displayName],
            [t('origin'), valueText('KeyOrigin', draft.origin)],
            canDecryptInGraph(draft) ? [t('graph'), common(draft.decryptableInGraph ? 'on' : 'off')] : null,
          ]}
        />
      </Part>
      {canRotateItself(draft) && (
        <Part step="rotation">
          <Facts
            facts={[
              [
                t('automaticRotation'),
                <RotationText
                  key="rotation"
                  rotation={{ enabled: draft.rotates, cycleDays: Number(draft.cycleDays) }}
                />,
              ],
            ]}
          />
        </Part>
      )}
      <Part step="access">
        {draft.restrictsAccess ? (
          <Facts
            facts={[
              [t('ownerShort'), owner],
              [t('subjects'), subjects.length > 0 ? subjects.join(', ') : <None key="none" />],
              ...entries.map(
                (entry, index) =>
                  [t('entry', { number: index + 1 }), <EntryLine key="entry" entry={entry} />] as const,
              ),
            ]}
          />
        ) : (
          <p>{t('accessOffWarning')}</p>
        )}
      </Part>
    </>
  )

  function startText(): string {
    if (draft.origin === 'EXTERNAL') return t('startImport')
    return draft.preActivation ? t('preActivation') : t('startNow')
  }
}

function None() {
  const t = useTranslations('common')
  return <span className="quiet">{t('none')}</span>
}

function Part({ step, children }: { readonly step: Step; readonly children: ReactNode }) {
  const t = useTranslations('createKey')
  const title = t(`steps.${step}`)
  return (
    <section className="part" aria-label={title}>
      <header className="section-head">
        <h3>{title}</h3>
        <Link
          href={`/user-keys/new?step=${step}`}
          className="button plain"
          aria-label={t('editPart', { part: title })}
        >
          {t('edit')}
        </Link>
      </header>
      {children}
    </section>
  )
}
