import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'

/** Which rows of a table show more below them. */
export function useOpenRows() {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  return {
    isOpen: (id: string) => open.has(id),
    toggle(id: string) {
      const next = new Set(open)
      if (!next.delete(id)) next.add(id)
      setOpen(next)
    },
  }
}

/** Cell with the button that shows more of a row. */
export function DetailsCell(props: {
  readonly name: string
  readonly isOpen: boolean
  readonly onToggle: () => void
}) {
  const t = useTranslations('table')
  return (
    <td className="narrow actions">
      <button
        type="button"
        className="button icon"
        aria-expanded={props.isOpen}
        aria-label={t('details', { name: props.name })}
        onClick={props.onToggle}
      >
        {props.isOpen ? '▴' : '▾'}
      </button>
    </td>
  )
}

/** What is below a row that is open. */
export function DetailsRow(props: { readonly columns: number; readonly children: ReactNode }) {
  return (
    <tr className="row-details">
      <td colSpan={props.columns}>{props.children}</td>
    </tr>
  )
}
