import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../design/button.tsx'
import { BulkDialog } from './bulk-dialog.tsx'
import { type BulkAction, bulkMax } from './selected-keys.ts'

const actions: readonly BulkAction[] = ['rotate', 'deactivate', 'destroy', 'label']

/** What can be done with the selected keys; shown while there are any. */
export function BulkBar(props: {
  readonly selected: readonly string[]
  readonly onSelect: (ids: readonly string[]) => void
}) {
  const { selected, onSelect } = props
  const t = useTranslations('bulk')
  const table = useTranslations('table')
  const [action, setAction] = useState<BulkAction | null>(null)
  const isTooMany = selected.length > bulkMax
  return (
    <>
      {selected.length > 0 && (
        <section className="bulk-bar" aria-label={table('selected', { count: selected.length })}>
          <strong>{table('selected', { count: selected.length })}</strong>
          {isTooMany && <span>{t('tooMany', { max: bulkMax })}</span>}
          <div className="buttons">
            {actions.map((each) => (
              <Button key={each} disabled={isTooMany} onClick={() => setAction(each)}>
                {t(`${each}.button`)}
              </Button>
            ))}
            <Button className="link" onClick={() => onSelect([])}>
              {table('clear')}
            </Button>
          </div>
        </section>
      )}
      {action !== null && (
        <BulkDialog
          action={action}
          ids={selected}
          onClose={(refused) => {
            setAction(null)
            if (refused !== null) onSelect(refused)
          }}
        />
      )}
    </>
  )
}
