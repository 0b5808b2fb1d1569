import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { SelectField } from '../../design/fields.tsx'
import { firstPage } from '../../design/pager.tsx'
import { roles } from '../../keys/roles.ts'
import { SubjectField } from '../../keys/subject-picker.tsx'
import { useValueText } from '../../texts/values.ts'

/** Which bindings are shown: those of a subject, or of a role. */
export function RoleFilters() {
  const t = useTranslations('roles')
  const common = useTranslations('common')
  const valueText = useValueText()
  const address = useAddress()
  const subject = address.get('subject') ?? ''
  const [typed, setTyped] = useState(subject)
  const role = address.get('role') ?? ''
  return (
    <search>
      <form
        className="filters"
        // Back shows what was looked for before.
        key={subject}
        onSubmit={(event) => {
          event.preventDefault()
          address.set({ subject: typed.trim(), ...firstPage })
        }}
      >
        <SubjectField name="subject" label={t('subject')} hint={null} value={typed} onChange={setTyped} />
        <SelectField
          name="role"
          label={t('role')}
          value={role}
          options={[
            { value: '', label: common('all') },
            ...roles.map((value) => ({ value, label: valueText('Role', value) })),
          ]}
          onChange={(next) => address.set({ role: next, ...firstPage })}
        />
        <Button type="submit">{t('filter')}</Button>
        {(subject !== '' || role !== '') && (
          <Button
            onClick={() => {
              setTyped('')
              address.set({ subject: null, role: null, ...firstPage })
            }}
          >
            {t('showAll')}
          </Button>
        )}
      </form>
    </search>
  )
}
