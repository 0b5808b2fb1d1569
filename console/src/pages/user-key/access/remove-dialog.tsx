import { useTranslations } from 'use-intl'
import { graphql } from '../../../api/graphql.ts'
import { userErrorFields } from '../../../api/user-error.ts'
import { ConfirmDialog } from '../../../design/dialog.tsx'
import { CallerList } from '../../../keys/caller-list.tsx'
import { kindOfSubject } from '../../../keys/subjects.ts'
import type { DetailKey } from '../detail-key.ts'
import { useCallers } from './callers.ts'
import { type Entry, inForce, inputOf, isSame, planned } from './entries.ts'
import { addAllowedSubjects } from './entry-dialog.tsx'
import { useListChange } from './use-list-change.tsx'

const removeAllowedSubjects = graphql(
  `
    mutation RemoveAllowedSubjects($input: RemoveAllowedSubjectsInput!) {
      removeAllowedSubjects(input: $input) {
        ... on RemoveAllowedSubjectsPayload {
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

/** Takes an entry from the access list of a key, and says before who will miss it. */
export function RemoveDialog(props: {
  readonly userKey: DetailKey
  readonly entry: Entry
  readonly onClose: () => void
}) {
  const t = useTranslations('access.remove')
  const { userKey, entry, onClose } = props
  const subject = entry.subject.id
  const left = inForce(userKey).filter((each) => !isSame(each, entry))
  const leftOfSubject = left.filter((each) => each.subject.id === subject)
  const change = {
    userKey,
    after: left.map(planned),
    done: t('done', { subject }),
    onClose,
  }
  const removing = useListChange(removeAllowedSubjects, change)
  const keeping = useListChange(addAllowedSubjects, change)
  // A subject is removed with all its entries. To keep some, they are given again.
  const isLast = leftOfSubject.length === 0
  const { refusal, warnings, isBlocked, isRunning } = isLast ? removing : keeping
  const isGroup = kindOfSubject(subject) === 'GROUP'
  const uses = useCallers(userKey).filter(({ caller }) => caller.id === subject)
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('title', { subject })}
      confirm={t('confirm')}
      busy={isRunning}
      refusal={refusal}
      blocked={isBlocked}
      onConfirm={() =>
        void (isLast
          ? removing.send({ subjects: [subject] })
          : keeping.send({ entries: leftOfSubject.map(inputOf) }))
      }
    >
      {entry.expired ? (
        <p>{t('isExpired')}</p>
      ) : (
        <p>
          {t(isLast ? (isGroup ? 'losesGroup' : 'loses') : 'keeps', {
            subject,
            name: userKey.name,
            count: leftOfSubject.length,
          })}
        </p>
      )}
      {uses.length > 0 && !entry.expired && (
        <div>
          <p>{t('used')}</p>
          <CallerList callers={uses} />
        </div>
      )}
      {warnings}
    </ConfirmDialog>
  )
}
