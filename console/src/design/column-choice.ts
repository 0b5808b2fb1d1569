import { useMemo, useState } from 'react'
import { readSetting, writeSetting } from './settings.ts'

/** Which columns of a table are shown, and in which order. */
export interface ColumnChoice<Column = unknown> {
  /** The shown columns in their order: the same list until the choice changes. */
  readonly columns: readonly Column[]
  readonly order: readonly string[]
  readonly shown: ReadonlySet<string>
  /** Remembers another choice; null returns to what a new user sees. */
  choose(choice: { readonly order: readonly string[]; readonly shown: ReadonlySet<string> } | null): void
}

interface KnownColumn {
  readonly id: string
  readonly optional?: boolean
  readonly isHeading?: boolean
}

/** The user's choice of columns for the table of this name. Columns that are new since are added at the end. */
export function useColumnChoice<Column extends KnownColumn>(
  name: string,
  columns: readonly Column[],
): ColumnChoice<Column> {
  const setting = `columns.${name}`
  const [saved, setSaved] = useState(() => readChoice(setting))
  const known = useMemo(() => chosenOf(columns, saved), [columns, saved])
  return {
    ...known,
    choose(choice) {
      const next = choice && { order: [...choice.order], shown: [...choice.shown] }
      writeSetting(setting, next && JSON.stringify(next))
      setSaved(next)
    },
  }
}

function chosenOf<Column extends KnownColumn>(
  columns: readonly Column[],
  saved: ReturnType<typeof readChoice>,
): Omit<ColumnChoice<Column>, 'choose'> {
  const byId = new Map(columns.map((column) => [column.id, column]))
  const initial = columns.filter(({ optional = false }) => !optional).map(({ id }) => id)
  const headings = columns.filter(({ isHeading }) => isHeading).map(({ id }) => id)
  const known = (saved?.order ?? []).filter((id) => byId.has(id))
  const order = [...new Set([...headings, ...known, ...byId.keys()])]
  const shown = new Set([...headings, ...(saved?.shown ?? initial)])
  return {
    order,
    shown,
    columns: order.filter((id) => shown.has(id)).flatMap((id) => byId.get(id) ?? []),
  }
}

function readChoice(setting: string): { order: string[]; shown: string[] } | null {
  try {
    const { order, shown } = JSON.parse(readSetting(setting) ?? '') as { order: unknown; shown: unknown }
    return Array.isArray(order) && Array.isArray(shown) ? { order, shown } : null
  } catch {
    return null
  }
}
