/** A mark in the documentation of a field, such as `@encrypted(key: "customers")`. */
export interface Mark {
  readonly name: 'encrypted' | 'searchable'
  readonly options: ReadonlyMap<string, string | readonly string[]>
}

/** Finds the marks in the documentation (`///`) of a field. Throws an error that says what is wrong with one. */
export function readMarks(documentation: string): Mark[] {
  refuseMisspelt(documentation)
  return [...documentation.matchAll(/@(encrypted|searchable)\b/gi)].map((match) => {
    const [written, name = ''] = match
    if (name !== name.toLowerCase()) throw new Error(`${written} must be written @${name.toLowerCase()}`)
    const rest = documentation.slice(match.index + written.length)
    if (!rest.startsWith('('))
      throw new Error(`${written} needs options in parentheses, such as ${exampleOf(name)}`)
    return { name: name as Mark['name'], options: readOptions(rest.slice(1), written) }
  })
}

/** Refuses what looks like a mark and is none: the field would be stored as plaintext. */
function refuseMisspelt(documentation: string): void {
  // With options it is a mark wherever it stands; without, an e-mail address is none.
  const similar =
    /@\s*(\w+)(?=\s*\(\s*(?:key|of|context|name|normali[sz]e)\s*:)|(?<![\w.+-])@((?:encr|search)\w*)/gi
  for (const [written, withOptions, alone] of documentation.matchAll(similar)) {
    const name = (withOptions ?? alone ?? '').toLowerCase()
    if (/^@\w/.test(written) && (name === 'encrypted' || name === 'searchable')) continue
    throw new Error(
      `${written} is no mark, and the field would be stored as plaintext: write ${exampleOf('encrypted')} or ${exampleOf('searchable')}`,
    )
  }
}

function exampleOf(name: string): string {
  return name === 'encrypted'
    ? '@encrypted(key: "customers")'
    : '@searchable(of: "email", normalise: "email")'
}

const text = String.raw`"([^"\\\n]*)"`
const list = String.raw`\[((?:\s*"[^"\\\n]*"\s*,?)*)\s*\]`
const option = new RegExp(String.raw`^\s*([A-Za-z]+)\s*:\s*(?:${text}|${list})\s*(,|\))`)

function readOptions(source: string, mark: string): ReadonlyMap<string, string | readonly string[]> {
  const options = new Map<string, string | readonly string[]>()
  for (let rest = source; ; ) {
    const match = option.exec(rest)
    if (match === null) {
      const where = rest.trim().slice(0, 30)
      throw new Error(
        `${mark} cannot be read at "${where}": options are written name: "text" or name: ["text", "text"], with a comma between them`,
      )
    }
    const [all, name = '', value, values, end] = match
    if (options.has(name)) throw new Error(`${mark} has the option ${name} twice`)
    options.set(name, value ?? [...(values ?? '').matchAll(/"([^"]*)"/g)].map(([, each = '']) => each))
    if (end === ')') return options
    rest = rest.slice(all.length)
  }
}
