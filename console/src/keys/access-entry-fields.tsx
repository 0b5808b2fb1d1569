import { useTranslations } from 'use-intl'
import type { EnumOf } from '../api/graphql.ts'
import { ChoiceCards, GroupFrame } from '../design/choice-cards.tsx'
import { CheckField, TextField } from '../design/fields.tsx'
import { useValueText } from '../texts/values.ts'
import { type AccessEntryDraft, hasContext, permissionsFor } from './access-entry.ts'
import { ContextPairs } from './context-pairs.tsx'
import { SubjectField } from './subject-picker.tsx'

interface Part {
  /** The path of the entry in the input, as `entries.0`. */
  readonly name: string
  readonly usage: EnumOf<'KeyUsage'>
  readonly draft: AccessEntryDraft
  readonly onChange: (part: Partial<AccessEntryDraft>) => void
}

/** An entry of an access list: who, what for, with which encryption context, and until when. */
export function AccessEntryFields(
  props: Part & {
    readonly type: EnumOf<'KeyType'>
    /** Subjects that are not offered, as those on the list already. */
    readonly without?: readonly string[] | undefined
    /** True where the subject is given, as when an entry is edited. */
    readonly isSubjectFixed?: boolean
  },
) {
  const t = useTranslations('accessEntry')
  const { name, usage, type, draft, onChange } = props
  return (
    <>
      {!props.isSubjectFixed && (
        <SubjectField
          name={`${name}.subject`}
          label={t('subject')}
          value={draft.subject}
          without={props.without}
          required
          onChange={(subject) => onChange({ subject })}
        />
      )}
      <PermissionFields {...props} />
      {hasContext({ usage, type }) && (
        <ContextPairs
          name={`${name}.context`}
          label={t('context')}
          hint={t('contextHint')}
          pairs={draft.context}
          onChange={(context) => onChange({ context })}
        />
      )}
      <TextField
        name={`${name}.expiresAt`}
        label={t('expiresAt')}
        hint={t('expiresAtHint')}
        type="datetime-local"
        value={draft.expiresAt}
        onChange={(expiresAt) => onChange({ expiresAt })}
      />
      <TextField
        name={`${name}.note`}
        label={t('note')}
        hint={t('noteHint')}
        maxLength={256}
        value={draft.note}
        onChange={(note) => onChange({ note })}
      />
    </>
  )
}

/** All that the roles allow, or some of it. */
function PermissionFields({ name, usage, draft: { permissions }, onChange }: Part) {
  const t = useTranslations('accessEntry')
  const valueText = useValueText()
  return (
    <>
      <ChoiceCards
        name={`${name}.limited`}
        label={t('permissions')}
        value={permissions === null ? 'all' : 'some'}
        options={[
          { value: 'all', title: t('allPermissions'), text: t('allPermissionsHint') },
          { value: 'some', title: t('somePermissions'), text: t('somePermissionsHint') },
        ]}
        onChange={(choice) => onChange({ permissions: choice === 'all' ? null : ['VIEW'] })}
      />
      {permissions !== null && (
        <GroupFrame name={`${name}.permissions`} label={t('allowed')} hint={t('permissionsHint')}>
          <div className="checks">
            {permissionsFor(usage).map((permission) => (
              <CheckField
                key={permission}
                label={valueText('AccessListPermission', permission)}
                checked={permission === 'VIEW' || permissions.includes(permission)}
                disabled={permission === 'VIEW'}
                onChange={(checked) =>
                  onChange({
                    permissions: checked
                      ? [...permissions, permission]
                      : permissions.filter((each) => each !== permission),
                  })
                }
              />
            ))}
          </div>
        </GroupFrame>
      )}
    </>
  )
}
