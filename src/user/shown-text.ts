/** Control characters, and invisible ones that change what a terminal shows. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** A text of others in one line, safe for a terminal: control and invisible characters are written as escapes. */
export function shown(text: string): string {
  return text.replace(hidden, escapeOf)
}

/** Like `shown`, for a text of several lines. */
export function shownLines(text: string): string {
  return text.split('\n').map(shown).join('\n')
}

/** A value as a JSON document, safe for a terminal, too. */
export function jsonText(value: unknown): string {
  // Outside of strings JSON has no such character but the line breaks of the indentation.
  return JSON.stringify(value, null, 2).split('\n').map(shown).join('\n')
}

function escapeOf(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}

/** A column of a table: its heading, and the least that it may be cut to. */
export interface Column {
  readonly title: string
  readonly widthMin: number
}

const gap = 2

/** Lines of a table. If it is wider than the terminal, the last columns are left out, then texts are cut. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number | null,
): readonly string[] {
  const texts = [columns.map(({ title }) => title), ...rows.map((row) => row.map(shown))]
  const widths = columns.map((_column, index) => Math.max(...texts.map((row) => lengthOf(row[index]))))
  const limit = widthMax ?? Number.POSITIVE_INFINITY
  const least = widths.map((width, index) => Math.min(width, columns[index]?.widthMin ?? width))
  let count = columns.length
  while (count > 1 && total(least.slice(0, count)) > limit) count -= 1
  const kept = widths.slice(0, count)
  // The widest column gives way first.
  while (total(kept) > limit) {
    const [widest] = kept
      .map((width, index) => ({ index, width, spare: width - (least[index] ?? 0) }))
      .filter(({ spare }) => spare > 0)
      .toSorted((one, other) => other.width - one.width)
    if (widest === undefined) break
    kept[widest.index] = widest.width - 1
  }
  return texts.map((row) =>
    kept
      .map((width, index) => padded(cut(row[index] ?? '', width), width))
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1)
}

function lengthOf(text = ''): number {
  return [...text].length
}

function cut(text: string, width: number): string {
  return lengthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)))
}

/** Lines of names and values, the values below each other. */
export function factLines(
  facts: readonly (readonly [name: string, value: string | null])[],
): readonly string[] {
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value === null ? '–' : shown(value)}`)
}
