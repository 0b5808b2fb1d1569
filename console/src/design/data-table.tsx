import { createColumnHelper, rowSelectionFeature, tableFeatures, useTable } from '@tanstack/react-table'
import { Fragment, type ReactNode, useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useColumnChoice } from './column-choice.ts'
import { ColumnsDialog } from './columns-dialog.tsx'
import { DetailsCell, DetailsRow, useOpenRows } from './row-details.tsx'
import { SelectBox, type Selection } from './select-box.tsx'
import { ariaSort, SortButton, type Sorting } from './sort-button.tsx'

/** A column of a table. */
export interface Column<Row> {
  readonly id: string
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** Name of the order that the server gives, where it gives one. */
  readonly sortBy?: string
  /** Not shown until the user chooses it. */
  readonly optional?: boolean
  /** Always shown, and first: what the row is about. */
  readonly isHeading?: boolean
}

const features = tableFeatures({ rowSelectionFeature })

/**
 * A table. The user may choose and order its columns, which is remembered under `name`. Order and page are the server's
 * and live in the address; so does the selection. On narrow screens each row is a card.
 */
export function DataTable<Row extends object>(props: {
  readonly name: string
  /** What the table shows, for screen readers. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowId: (row: Row) => string
  readonly rowName: (row: Row) => string
  readonly sorting?: Sorting
  readonly selection?: Selection
  readonly canSelect?: (row: Row) => boolean
  readonly actions?: (row: Row) => ReactNode
  /** More about a row, which a button shows below it. */
  readonly details?: (row: Row) => ReactNode
  /** What is beside the button for the columns. */
  readonly tools?: ReactNode
  /** For a short table, whose columns are not chosen. */
  readonly isShort?: boolean
  /** In place of rows, where there are none. */
  readonly placeholder?: ReactNode
}) {
  const { columns, rowId, rowName, selection, sorting, actions, details, canSelect = () => true } = props
  const t = useTranslations('table')
  const [isChoosing, setChoosing] = useState(false)
  const openRows = useOpenRows()
  const choice = useColumnChoice(props.name, columns)
  const definitions = useMemo(() => {
    const { columns: define, display } = createColumnHelper<typeof features, Row>()
    return define(
      choice.columns.map(({ id, title, cell }) =>
        display({ id, header: title, cell: ({ row }) => <div>{cell(row.original)}</div> }),
      ),
    )
  }, [choice.columns])
  const data = useMemo(() => [...props.rows], [props.rows])
  const chosen = new Set(selection?.chosen)
  const table = useTable({
    features,
    columns: definitions,
    data,
    getRowId: rowId,
    enableRowSelection: ({ original }) => canSelect(original),
    state: {
      rowSelection: Object.fromEntries([...chosen].map((id) => [id, true])),
    },
    onRowSelectionChange: (update) => {
      const before = Object.fromEntries([...chosen].map((id) => [id, true as const]))
      const after = typeof update === 'function' ? update(before) : update
      selection?.onChange(Object.keys(after).filter((id) => after[id]))
    },
  })
  const byId = new Map(columns.map((column) => [column.id, column]))
  const { rows } = table.getRowModel()
  return (
    <div className="data-table">
      {!props.isShort && (
        <div className="table-tools">
          {props.tools}
          <button type="button" className="button plain" onClick={() => setChoosing(true)}>
            {t('columns')}
          </button>
        </div>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section className="table-scroll" tabIndex={0} aria-label={props.label}>
        <table aria-label={props.label}>
          <thead>
            <tr>
              {selection && (
                <th className="narrow choose">
                  {rows.some((row) => row.getCanSelect()) && (
                    <SelectBox
                      label={t('selectAll')}
                      checked={table.getIsAllRowsSelected()}
                      onChange={(isChosen) => table.toggleAllRowsSelected(isChosen)}
                    />
                  )}
                </th>
              )}
              {table.getHeaderGroups().flatMap((group) =>
                group.headers.map((header) => (
                  <th
                    key={header.id}
                    scope="col"
                    className={byId.get(header.id)?.isHeading ? 'heading' : undefined}
                    aria-sort={ariaSort(byId.get(header.id), sorting)}
                  >
                    <SortButton column={byId.get(header.id)} sorting={sorting}>
                      <table.FlexRender header={header} />
                    </SortButton>
                  </th>
                )),
              )}
              {details && (
                <th className="narrow">
                  <span className="visually-hidden">{t('more')}</span>
                </th>
              )}
              {actions && (
                <th className="narrow actions">
                  <span className="visually-hidden">{t('actions')}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Fragment key={row.id}>
                <tr data-selected={row.getIsSelected() || undefined}>
                  {selection && (
                    <td className="narrow choose">
                      {row.getCanSelect() && (
                        <SelectBox
                          label={t('select', { name: rowName(row.original) })}
                          checked={row.getIsSelected()}
                          onChange={(isChosen) => row.toggleSelected(isChosen)}
                        />
                      )}
                    </td>
                  )}
                  {row.getAllCells().map((cell) => {
                    const column = byId.get(cell.column.id)
                    return column?.isHeading ? (
                      <th key={cell.id} scope="row" className="heading">
                        <table.FlexRender cell={cell} />
                      </th>
                    ) : (
                      <td key={cell.id} data-label={column?.title}>
                        <table.FlexRender cell={cell} />
                      </td>
                    )
                  })}
                  {details && (
                    <DetailsCell
                      name={rowName(row.original)}
                      isOpen={openRows.isOpen(row.id)}
                      onToggle={() => openRows.toggle(row.id)}
                    />
                  )}
                  {actions && <td className="narrow actions">{actions(row.original)}</td>}
                </tr>
                {details && openRows.isOpen(row.id) && (
                  <DetailsRow columns={row.getAllCells().length + (selection ? 1 : 0) + (actions ? 2 : 1)}>
                    {details(row.original)}
                  </DetailsRow>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
        {rows.length === 0 && props.placeholder}
      </section>
      <ColumnsDialog open={isChoosing} onClose={() => setChoosing(false)} columns={columns} choice={choice} />
    </div>
  )
}
