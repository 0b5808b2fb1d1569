import { useFormatter, useTranslations } from 'use-intl'
import type { AccessEntryDraft } from '../../../keys/access-entry.ts'
import { useValueText } from '../../../texts/values.ts'

/** An entry of an access list in one line. */
export function EntryLine({ entry }: { readonly entry: AccessEntryDraft }) {
  const t = useTranslations('createKey')
  const entryText = useTranslations('accessEntry')
  const valueText = useValueText()
  const { dateTime, list } = useFormatter()
  const { subject, permissions, context, expiresAt, note } = entry
  const given = permissions && list(permissions.map((each) => valueText('AccessListPermission', each)))
  return (
    <>
      {subject}
      <span className="quiet block">{given ?? entryText('allPermissions')}</span>
      {context.length > 0 && (
        <span className="quiet block">
          {t('onlyWith', { pairs: context.map(({ name, value }) => `${name}=${value}`).join(', ') })}
        </span>
      )}
      {expiresAt !== '' && (
        <span className="quiet block">
          {t('until', { at: dateTime(new Date(expiresAt), { dateStyle: 'medium', timeStyle: 'short' }) })}
        </span>
      )}
      {note !== '' && <span className="quiet block">{note}</span>}
    </>
  )
}
