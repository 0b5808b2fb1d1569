import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { Button } from '../../../design/button.tsx'
import { Dialog } from '../../../design/dialog.tsx'
import { Form } from '../../../design/form.tsx'
import { momentOf } from '../../../design/local-time.ts'
import { accessEntryInput, newAccessEntry } from '../../../keys/access-entry.ts'
import { AccessEntryFields } from '../../../keys/access-entry-fields.tsx'
import type { DetailKey } from '../detail-key.ts'
import { draftOf, type Entry, inForce, inputOf, isSame, planned } from './entries.ts'
import { useListChange } from './use-list-change.tsx'

/** Puts entries on the list of a key. Those of a subject replace the ones that it had. */
export const addAllowedSubjects = graphql(
  `
    mutation AddAllowedSubjects($input: AddAllowedSubjectsInput!) {
      addAllowedSubjects(input: $input) {
        ... on AddAllowedSubjectsPayload {
          userKey {
            id
          }
        }
        ...UserErrorFields
      }
    }
  `,
  [userErrorFields],
)

interface Props {
  readonly userKey: DetailKey
  /** The entry to change; without it, one is added. */
  readonly entry?: Entry
  readonly onClose: () => void
}

/** Adds an entry to the access list of a key, or changes one. */
export function EntryDialog(props: Props) {
  const t = useTranslations('access.entry')
  const { entry, onClose } = props
  const title = entry
    ? t('changeTitle', { subject: entry.subject.id })
    : t('addTitle', { name: props.userKey.name })
  return (
    <Dialog open onClose={onClose} title={title}>
      <EntryForm {...props} />
    </Dialog>
  )
}

function EntryForm({ userKey, entry, onClose }: Props) {
  const t = useTranslations('access.entry')
  const common = useTranslations('common')
  const [draft, setDraft] = useState(entry ? draftOf(entry) : newAccessEntry)
  const subject = draft.subject.trim()
  // A subject's entries are given together: what is not given again is gone.
  const kept = inForce(userKey).filter(
    (each) => each.subject.id === subject && !(entry && isSame(each, entry)),
  )
  const others = inForce(userKey).filter((each) => each.subject.id !== subject)
  const change = useListChange(addAllowedSubjects, {
    userKey,
    after: [...others, ...kept].map(planned).concat({ subject, permissions: draft.permissions }),
    done: t(entry ? 'changed' : 'added', { subject }),
    onClose,
  })
  const { usage, type } = userKey
  if (usage === null || type === null) return null

  function submit() {
    const expiresAt = momentOf(draft.expiresAt, entry?.expiresAt)
    const changed = { ...accessEntryInput(draft), ...(expiresAt !== null && { expiresAt }) }
    void change.send({ entries: [changed, ...kept.map(inputOf)] })
  }

  return (
    <Form
      refusal={change.refusal}
      onSubmit={submit}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" kind="primary" busy={change.isRunning} disabled={change.isBlocked}>
            {entry ? common('save') : t('add')}
          </Button>
        </>
      }
    >
      <AccessEntryFields
        name="entries.0"
        usage={usage}
        type={type}
        draft={draft}
        isSubjectFixed={entry !== undefined}
        onChange={(part) => setDraft({ ...draft, ...part })}
      />
      {!entry && kept.length > 0 && (
        <p className="quiet">{t('hasEntries', { subject, count: kept.length })}</p>
      )}
      {change.warnings}
    </Form>
  )
}
