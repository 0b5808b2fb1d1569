import { type Block, blocksOf } from './blocks.ts'

/** One document of the guide, with what stands below it. */
export interface Example {
  readonly line: number
  /** The name of its operation. */
  readonly operation: string
  /** The persona who asks. */
  readonly persona: string
  readonly document: string
  /** JSON with names in angle brackets. */
  readonly variables: string
  /** JSON with `…`, or null where the guide shows no answer. */
  readonly answer: string | null
  /** Names that values of the answer have from here on, with the paths of the values. */
  readonly names: ReadonlyMap<string, string>
}

/** The examples of a guide, in their order. */
export function examplesOf(guide: string): Example[] {
  const blocks = blocksOf(guide)
  const starts = blocks.flatMap(({ language }, index) => (language === 'graphql' ? [index] : []))
  return starts.map((start, position) => {
    const [block, ...below] = blocks.slice(start, starts[position + 1])
    if (block === undefined) throw new Error('an example without a block')
    const textOf = (remark: string) => below.find((each: Block) => each.remark === remark)?.text
    return {
      line: block.line,
      operation: /^(?:query|mutation) (\w+)/.exec(block.text)?.[1] ?? '',
      persona: /^as (\w+)$/.exec(block.remark)?.[1] ?? 'admin',
      document: block.text,
      variables: textOf('variables') ?? '{}',
      answer: textOf('answer') ?? null,
      names: namesIn(linesBetween(guide, block.line, blocks[starts[position + 1] ?? -1]?.line)),
    }
  })
}

function linesBetween(text: string, first: number, end?: number): string {
  return text
    .split('\n')
    .slice(first, end === undefined ? undefined : end - 1)
    .join('\n')
}

function namesIn(text: string): Map<string, string> {
  const found = text.matchAll(/`([\w.[\]]+)`\s+is\s+`<([A-Z0-9_]+)>`/g)
  return new Map([...found].map(([, path = '', name = '']) => [name, path]))
}

/** What stands at a path like `encryptBatch.results[0].result` in an answer's data. */
export function valueAt(data: unknown, path: string): string {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '')
  const value = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | null)?.[step], data)
  if (typeof value !== 'string') throw new Error(`there is no text at ${path}`)
  return value
}

/** The variables with values in place of names. */
export function withValues(variables: string, values: ReadonlyMap<string, string>): object {
  const filled = variables.replace(/<([A-Z0-9_]+)>/g, (_, name: string) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`no example above gives <${name}>`)
    return value
  })
  return JSON.parse(filled) as object
}
