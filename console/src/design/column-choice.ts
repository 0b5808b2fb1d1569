import { useState } from 'react'
import { readSetting, writeSetting } from './settings.ts'

/** Which columns of a table are shown, and in which order. */
export interface ColumnChoice {
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
export function useColumnChoice(name: string, columns: readonly KnownColumn[]): ColumnChoice {
  const setting = `columns.${name}`
  const [saved, setSaved] = useState(() => readChoice(setting))
  const ids = columns.map(({ id }) => id)
  const initial = columns.filter(({ optional = false }) => !optional).map(({ id }) => id)
  const known = (saved?.order ?? []).filter((id) => ids.includes(id))
  const headings = columns.filter(({ isHeading }) => isHeading).map(({ id }) => id)
  return {
    order: [...new Set([...headings, ...known, ...ids])],
    shown: new Set([...headings, ...(saved?.shown ?? initial)]),
    choose(choice) {
      const next = choice && { order: [...choice.order], shown: [...choice.shown] }
      writeSetting(setting, next && JSON.stringify(next))
      setSaved(next)
    },
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
