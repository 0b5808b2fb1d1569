import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'
import type { ColumnChoice } from './column-choice.ts'
import { Dialog } from './dialog.tsx'
import { CheckField } from './fields.tsx'

/** Where the user chooses the columns of a table, and their order. */
export function ColumnsDialog(props: {
  readonly open: boolean
  readonly onClose: () => void
  readonly columns: readonly { readonly id: string; readonly title: string; readonly isHeading?: boolean }[]
  readonly choice: ColumnChoice
}) {
  const t = useTranslations('table')
  const common = useTranslations('common')
  const { order, shown, choose } = props.choice
  const byId = new Map(props.columns.map((column) => [column.id, column]))
  const movable = order.filter((id) => !byId.get(id)?.isHeading)

  function toggle(id: string, isShown: boolean) {
    const next = new Set(shown)
    if (isShown) next.add(id)
    else next.delete(id)
    choose({ order, shown: next })
  }
  function move(id: string, by: -1 | 1) {
    const next = [...order]
    const from = next.indexOf(id)
    const [moved] = next.splice(from, 1)
    if (moved !== undefined) next.splice(from + by, 0, moved)
    choose({ order: next, shown })
  }

  return (
    <Dialog open={props.open} onClose={props.onClose} title={t('columns')}>
      <p className="quiet">{t('columnsHint')}</p>
      <ul className="column-list">
        {movable.map((id, index) => {
          const title = byId.get(id)?.title ?? id
          return (
            <li key={id}>
              <CheckField label={title} checked={shown.has(id)} onChange={(checked) => toggle(id, checked)} />
              <Button
                className="icon"
                aria-label={t('up', { column: title })}
                disabled={index === 0}
                onClick={() => move(id, -1)}
              >
                ↑
              </Button>
              <Button
                className="icon"
                aria-label={t('down', { column: title })}
                disabled={index === movable.length - 1}
                onClick={() => move(id, 1)}
              >
                ↓
              </Button>
            </li>
          )
        })}
      </ul>
      <div className="buttons">
        <Button onClick={() => choose(null)}>{t('reset')}</Button>
        <Button kind="primary" onClick={props.onClose}>
          {common('close')}
        </Button>
      </div>
    </Dialog>
  )
}
