import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../../crypto/secrets.ts'
import { requireInput } from '../rules/input.ts'

/** Arguments of a Relay connection; at most one of `first` and `last` is used, default 20, at most 200. */
export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

/** One page of a connection. */
export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** Counts all items that the filter matches, in a statement of its own. */
  totalCount(): Promise<number>
}

/** Maximum and default number of items of a page. */
export const pageSize = { max: 200, default: 20 } as const

/** Rows to read for a page, derived from Relay's arguments. */
export interface PagePlan {
  /** False for `last`: rows are read backwards from the end. */
  readonly forward: boolean
  readonly size: number
  readonly after: CursorValues | null
  readonly before: CursorValues | null
}

/** A list, whose name binds cursors to it. */
export interface CursorList {
  readonly key: KeyObject
  readonly name: string
}

/**
 * Reads the arguments of a connection (Relay Cursor Connections Specification).
 *
 * @throws InputValidationError
 */
export function planPage(page: PageArguments, list: CursorList): PagePlan {
  const { first = null, last = null } = page
  requireInput(first === null || last === null, 'last', 'cannot be combined with first')
  for (const [path, size] of [
    ['first', first],
    ['last', last],
  ] as const) {
    requireInput(
      size === null || (Number.isInteger(size) && size >= 0 && size <= pageSize.max),
      path,
      `must be 0 to ${pageSize.max}`,
    )
  }
  return {
    forward: last === null,
    size: last ?? first ?? pageSize.default,
    after: readCursor(page.after, 'after', list),
    before: readCursor(page.before, 'before', list),
  }
}

/**
 * Makes a page of rows that were read in the plan's direction, one more than its size.
 *
 * @param itemOf the item of a row, or null to leave the row out of the page
 */
export function makePage<Row, T>(
  rows: readonly Row[],
  plan: PagePlan,
  list: CursorList,
  parts: {
    cursorValuesOf: (row: Row) => CursorValues
    itemOf: (row: Row) => T | null
    totalCount: () => Promise<number>
  },
): Page<T> {
  const more = rows.length > plan.size
  const shown = rows.slice(0, plan.size)
  const edges = (plan.forward ? shown : shown.toReversed()).flatMap((row) => {
    const node = parts.itemOf(row)
    if (node === null) return []
    const edge = {
      node,
      // Computed on demand: most requests need only the first and last.
      get cursor() {
        return sealCursor(list.key, list.name, parts.cursorValuesOf(row))
      },
    }
    return [edge]
  })
  return {
    edges,
    hasNextPage: plan.forward ? more : plan.before !== null,
    hasPreviousPage: plan.forward ? plan.after !== null : more,
    totalCount: parts.totalCount,
  }
}

function readCursor(cursor: string | null | undefined, path: string, list: CursorList): CursorValues | null {
  if (cursor === null || cursor === undefined) return null
  const values = openCursor(list.key, list.name, cursor)
  requireInput(
    values !== null,
    path,
    'must be a cursor of this list, with the same filter and order; start again without it',
  )
  return values
}

/** Order values of the row that a cursor points to. */
export type CursorValues = readonly (string | number | null)[]

const tagBytes = 16

/**
 * Makes a cursor from the row's order values, which its viewers see anyway, and a MAC that binds them to this list.
 * Without the MAC a caller could seek to any row; with an ID in it the cursor would disclose the ID.
 */
function sealCursor(key: KeyObject, list: string, values: CursorValues): string {
  const body = Buffer.from(JSON.stringify(values))
  return Buffer.concat([tagOf(key, list, body), body]).toString('base64url')
}

/** Verifies a cursor and returns its values; null unless it belongs to this list. */
function openCursor(key: KeyObject, list: string, cursor: string): CursorValues | null {
  const bytes = Buffer.from(cursor, 'base64url')
  const body = bytes.subarray(tagBytes)
  if (bytes.length <= tagBytes || !constantTimeEqual(tagOf(key, list, body), bytes.subarray(0, tagBytes)))
    return null
  return JSON.parse(body.toString()) as CursorValues
}

function tagOf(key: KeyObject, list: string, body: Buffer): Buffer {
  const frame = JSON.stringify(['keystead cursor v1', list, body.toString('base64')])
  return hmacSha256(key, frame).subarray(0, tagBytes)
}
