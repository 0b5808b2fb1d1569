import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useAddress } from '../../design/address.ts'
import { Button } from '../../design/button.tsx'
import { SelectField, TextField } from '../../design/fields.tsx'
import { firstPage } from '../../design/pager.tsx'
import { useValueText } from '../../texts/values.ts'
import type { KeyStatus } from './service-keys.ts'

const states: readonly KeyStatus[] = ['ACTIVE', 'DEACTIVATED']

/** Narrows the list by the beginning of the name, and by status. Both live in the address. */
export function ServiceKeyFilter() {
  const t = useTranslations('serviceKeys')
  const common = useTranslations('common')
  const valueText = useValueText()
  const address = useAddress()
  const name = address.get('name') ?? ''
  const status = (address.get('status') ?? '') as KeyStatus | ''
  return (
    <search className="filters">
      {/* Begins anew where the address says something else, as after Back. */}
      <NameFilter key={name} name={name} onChange={(next) => address.set({ name: next, ...firstPage })} />
      <SelectField<KeyStatus | ''>
        name="status"
        label={t('status')}
        value={status}
        options={[
          { value: '', label: common('all') },
          ...states.map((value) => ({ value, label: valueText('KeyStatus', value) })),
        ]}
        onChange={(next) => address.set({ status: next, ...firstPage })}
      />
    </search>
  )
}

function NameFilter(props: { readonly name: string; readonly onChange: (name: string) => void }) {
  const t = useTranslations('serviceKeys')
  const [typed, setTyped] = useState(props.name)
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault()
        props.onChange(typed.trim())
      }}
    >
      <TextField
        name="name"
        label={t('namePrefix')}
        type="search"
        maxLength={64}
        pattern="[A-Za-z0-9_\-]*"
        title={t('namePrefixHint')}
        value={typed}
        onChange={setTyped}
        spellCheck={false}
      />
      <Button type="submit">{t('search')}</Button>
    </form>
  )
}
