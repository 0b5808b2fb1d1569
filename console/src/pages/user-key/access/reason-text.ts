import { useTranslations } from 'use-intl'
import { kindOfSubject } from '../../../keys/subjects.ts'
import { useValueText } from '../../../texts/values.ts'
import type { DetailKey } from '../detail-key.ts'
import type { Reason } from './explanation.ts'

/** Gives the sentence for a reason: for access that is given, or for what is missing. */
export function useReasonText(about: {
  readonly userKey: DetailKey
  /** Whose access it is. */
  readonly subject: string
  readonly isGiven: boolean
}): (reason: Reason) => string {
  const t = useTranslations('access.reason')
  const valueText = useValueText()
  const { userKey, isGiven } = about
  return (reason) => {
    const subject = reason.subject?.id ?? about.subject
    const roles = reason.roles.map((role) => valueText('Role', role)).join(', ')
    const named = { subject, asked: about.subject, name: userKey.name }
    // Of a group, one has access as its member.
    const isMember = subject !== about.subject && kindOfSubject(subject) === 'GROUP'
    switch (reason.kind) {
      case 'OWNER':
        return t(isGiven ? (isMember ? 'ownerMember' : 'owner') : 'ownerMissing', named)
      case 'LIST_ENTRY':
        if (isGiven) return t(isMember ? 'listedMember' : 'listed', named)
        if (isMember) return t('listedMissing', named)
        return t(userKey.accessControlEnabled ? 'notListed' : 'serviceNotListed', named)
      case 'NO_ACCESS_CONTROL':
        return t('open')
      case 'ROLE':
        return t(isGiven ? 'role' : 'roleMissing', { ...named, roles })
      case 'ROLE_BINDING':
        return t('binding', { ...named, roles })
      case 'PERMISSION':
        return t('permission', named)
      case 'CONTEXT':
        return t('context', { ...named, pairs: pairsOf(userKey, subject) })
      case 'EXPIRED':
        return t('expired', named)
      case 'USAGE':
        return t('usage')
      default:
        return reason.message
    }
  }
}

/** The encryption contexts that entries of a subject ask for. */
function pairsOf({ accessList }: DetailKey, subject: string): string {
  return (accessList ?? [])
    .filter((entry) => entry.subject.id === subject && !entry.expired)
    .flatMap(({ context }) => context?.map(({ name, value }) => `${name}=${value}`).join(', ') ?? [])
    .join(' / ')
}
