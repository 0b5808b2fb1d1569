/** One fenced block of a document. */
export interface Block {
  readonly language: string
  /** What stands behind the language in the opening line. */
  readonly remark: string
  readonly text: string
  /** The line that it begins in, for messages. */
  readonly line: number
}

/** The fenced blocks of a Markdown document, in their order. */
export function blocksOf(document: string): Block[] {
  return [...document.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language = '', remark = '', text = ''] = match
    return { language, remark, text, line: document.slice(0, match.index).split('\n').length }
  })
}

/** Matches a text that a document shows: white space counts as one space, and `…` stands for anything within one value. */
export function asPattern(shown: string): RegExp {
  const escaped = collapse(shown).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('…', `[^'"{}]+`)}$`)
}

/** The text with each run of white space as one space, and none around it. */
export function collapse(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
