import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { EnumOf } from '../../../api/graphql.ts'
import { useViewer } from '../../../api/viewer.ts'
import { Button } from '../../../design/button.tsx'
import { SelectField, TextField } from '../../../design/fields.tsx'
import { Form } from '../../../design/form.tsx'
import { ContextPairs } from '../../../keys/context-pairs.tsx'
import { SubjectField } from '../../../keys/subject-picker.tsx'
import { useValueText } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import { hasContext, operationsOf, type Question } from './question.ts'
import { RolesField } from './roles-field.tsx'

/** How much is known of something that is supposed: nothing, that there is none of it, or what it is. */
type Known = 'unknown' | 'none' | 'some'

const texts = {
  groups: { none: 'groupsNone', some: 'groupsSome' },
  roles: { none: 'rolesNone', some: 'rolesSome' },
  context: { none: 'contextNone', some: 'contextSome' },
} as const

/** Whom and what to ask about. */
export function QuestionForm(props: {
  readonly userKey: DetailKey
  readonly mayAskOfOthers: boolean
  readonly question: Question | null
  readonly onAsk: (question: Question | null) => void
}) {
  const t = useTranslations('access.why')
  const valueText = useValueText()
  const viewer = useViewer()
  const { userKey, mayAskOfOthers, question, onAsk } = props
  const operations = operationsOf(userKey)
  const [subject, setSubject] = useState(question?.subject ?? '')
  const [operation, setOperation] = useState(question?.operation ?? operations[1] ?? 'VIEW')
  const [groups, setGroups] = useState(question?.groups ?? null)
  const [roles, setRoles] = useState(question?.roles ?? null)
  const [context, setContext] = useState(question?.context ?? null)
  const isOfOther = mayAskOfOthers && subject.trim() !== '' && subject.trim() !== viewer?.subject.id
  const takesContext = hasContext(operation, userKey)
  return (
    <Form
      label={t('question')}
      refusal={null}
      onSubmit={() =>
        onAsk({
          subject: isOfOther ? subject.trim() : null,
          operation,
          groups: isOfOther
            ? (groups?.map((each) => each.trim()).filter((each) => each !== '') ?? null)
            : null,
          roles: isOfOther ? roles : null,
          context: takesContext ? context : null,
        })
      }
      buttons={
        <>
          <Button type="submit" kind="primary">
            {t('ask')}
          </Button>
          {question && <Button onClick={() => onAsk(null)}>{t('clear')}</Button>}
        </>
      }
    >
      {mayAskOfOthers && (
        <SubjectField
          name="subject"
          label={t('subject')}
          hint={t('subjectHint', { viewer: viewer?.subject.id ?? '' })}
          value={subject}
          onChange={setSubject}
        />
      )}
      <SelectField
        name="operation"
        label={t('operation')}
        value={operation}
        options={operations.map((value) => ({ value, label: valueText('KeyOperation', value) }))}
        onChange={setOperation}
      />
      {isOfOther && (
        <>
          <Supposed name="groups" value={groups} none={[]} some={['']} onChange={setGroups} />
          {groups !== null && groups.length > 0 && (
            <TextField
              name="groupNames"
              label={t('groupNames')}
              hint={t('groupNamesHint')}
              value={groups.join(', ')}
              onChange={(text) => setGroups(text.split(/,\s?/))}
            />
          )}
          <Supposed
            name="roles"
            value={roles}
            none={[]}
            some={['PROJECT_MEMBER'] as EnumOf<'Role'>[]}
            onChange={setRoles}
          />
          {roles !== null && roles.length > 0 && (
            <RolesField label={t('roleNames')} value={roles} onChange={setRoles} />
          )}
        </>
      )}
      {takesContext && (
        <>
          <Supposed
            name="context"
            value={context}
            none={[]}
            some={[{ name: '', value: '' }]}
            onChange={setContext}
          />
          {context !== null && context.length > 0 && (
            <ContextPairs
              name="pairs"
              label={t('pairs')}
              hint={t('pairsHint')}
              pairs={context}
              onChange={setContext}
            />
          )}
        </>
      )}
    </Form>
  )
}

/** A choice of how much is known. What is not known makes an answer depend on it. */
function Supposed<Item>(props: {
  readonly name: 'groups' | 'roles' | 'context'
  readonly value: readonly Item[] | null
  readonly none: readonly Item[]
  readonly some: readonly Item[]
  readonly onChange: (value: readonly Item[] | null) => void
}) {
  const t = useTranslations('access.why')
  const { name, value, none, some, onChange } = props
  const known: Known = value === null ? 'unknown' : value.length === 0 ? 'none' : 'some'
  const choices = { unknown: null, none, some } as const
  return (
    <SelectField
      name={name}
      label={t(name)}
      value={known}
      options={[
        { value: 'unknown', label: t('notKnown') },
        { value: 'none', label: t(texts[name].none) },
        { value: 'some', label: t(texts[name].some) },
      ]}
      onChange={(next) => onChange(choices[next])}
    />
  )
}
