/** Literal text, or the name of a placeholder. */
type Piece = { readonly literal: string } | { readonly placeholder: string }

/** A parsed template such as `spiffe://shop.example/ns/{project}/sa/{name}`. */
export interface Template {
  readonly pieces: readonly Piece[]
  /** Names of its placeholders, in order. */
  readonly placeholders: readonly string[]
}

/**
 * Parses a template: literal text with placeholders in braces. There are no expressions, so that what it matches can be seen.
 *
 * @throws TypeError whose message begins with "must"
 */
export function parseTemplate(text: string): Template {
  const pieces = [...text.matchAll(/\{([a-z]{1,32})\}|([^{}]+)|[{}]/g)].map(
    ([whole, placeholder, literal]): Piece => {
      if (placeholder !== undefined) return { placeholder }
      if (literal !== undefined) return { literal }
      throw new TypeError(
        `must have placeholders of lowercase letters in braces, such as {project}; found a single ${whole}`,
      )
    },
  )
  const placeholders = pieces.flatMap((piece) => ('placeholder' in piece ? [piece.placeholder] : []))
  if (placeholders.length === 0) throw new TypeError('must have a placeholder such as {project}')
  if (new Set(placeholders).size < placeholders.length) throw new TypeError('must name each placeholder once')
  if (
    pieces.some(
      (piece, index) => index > 0 && 'placeholder' in piece && 'placeholder' in (pieces[index - 1] ?? {}),
    )
  ) {
    throw new TypeError('must have text between two placeholders')
  }
  return { pieces, placeholders }
}

/**
 * Values of the placeholders if the template matches the whole text; null if it does not. A placeholder matches at least one
 * character, up to the first one with which the text after it begins, and never "/". Each text matches in one way only.
 */
export function matchTemplate({ pieces }: Template, text: string): ReadonlyMap<string, string> | null {
  const values = new Map<string, string>()
  let position = 0
  for (const [index, piece] of pieces.entries()) {
    if ('literal' in piece) {
      if (!text.startsWith(piece.literal, position)) return null
      position += piece.literal.length
      continue
    }
    const next = pieces[index + 1]
    const stop =
      next !== undefined && 'literal' in next ? text.indexOf(next.literal.charAt(0), position) : text.length
    const value = text.slice(position, Math.max(stop, position))
    if (value === '' || value.includes('/')) return null
    values.set(piece.placeholder, value)
    position += value.length
  }
  return position === text.length ? values : null
}
