import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { ChoiceCards } from '../../../design/choice-cards.tsx'
import { Notice } from '../../../design/notice.tsx'
import { type AccessEntryDraft, newAccessEntry } from '../../../keys/access-entry.ts'
import { AccessEntryFields } from '../../../keys/access-entry-fields.tsx'
import { SubjectsField } from '../../../keys/subject-picker.tsx'
import type { StepProps } from './basics-step.tsx'

/** Who may see and use the key. On, with the creator as its owner, unless somebody decides otherwise. */
export function AccessStep(props: StepProps & { readonly owner: string }) {
  const { draft, onChange, owner } = props
  const t = useTranslations('createKey')
  return (
    <>
      <ChoiceCards
        name="accessControl"
        label={t('accessControl')}
        value={draft.restrictsAccess ? 'on' : 'off'}
        options={[
          { value: 'on', title: t('accessOn'), text: t('accessOnHint') },
          { value: 'off', title: t('accessOff'), text: t('accessOffHint') },
        ]}
        onChange={(choice) => onChange({ restrictsAccess: choice === 'on' })}
      />
      {draft.restrictsAccess ? (
        <>
          <p>{t.rich('owner', { subject: owner, code: (chunks) => <code>{chunks}</code> })}</p>
          <SubjectsField
            name="accessControl.allowedSubjects"
            label={t('subjects')}
            hint={t('subjectsHint')}
            value={draft.subjects}
            without={[owner, ...draft.entries.map(({ subject }) => subject)]}
            onChange={(subjects) => onChange({ subjects })}
          />
          <LimitedEntries {...props} />
        </>
      ) : (
        <Notice tone="waiting">{t('accessOffWarning')}</Notice>
      )}
    </>
  )
}

/** Entries that say more than who: what for, with which context, until when. */
function LimitedEntries({ draft, onChange, owner }: StepProps & { readonly owner: string }) {
  const t = useTranslations('createKey')
  const { entries, usage, algorithm } = draft
  const change = (at: number, part: Partial<AccessEntryDraft>) =>
    onChange({ entries: entries.map((entry, index) => (index === at ? { ...entry, ...part } : entry)) })
  return (
    <>
      {entries.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an entry is its place; its fields keep nothing of their own.
        <fieldset key={index} className="entry">
          <legend>{t('entry', { number: index + 1 })}</legend>
          <AccessEntryFields
            name={`accessControl.entries.${index}`}
            usage={usage}
            type={algorithm.type}
            draft={entry}
            without={[owner, ...draft.subjects]}
            onChange={(part) => change(index, part)}
          />
          <div className="buttons">
            <Button onClick={() => onChange({ entries: entries.filter((_, at) => at !== index) })}>
              {t('removeEntry', { number: index + 1 })}
            </Button>
          </div>
        </fieldset>
      ))}
      <div className="buttons">
        <Button onClick={() => onChange({ entries: [...entries, newAccessEntry] })}>{t('addEntry')}</Button>
        <span className="quiet">{t('addEntryHint')}</span>
      </div>
    </>
  )
}
