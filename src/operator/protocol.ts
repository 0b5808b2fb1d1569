import type { Readable, Writable } from 'node:stream'

/** What a command line asks the running server to do; one line of JSON. */
export interface OperatorRequest {
  /** The words of the command. */
  readonly path: readonly string[]
  /** What follows them. */
  readonly args: readonly string[]
}

/** What the server answers, one line of JSON each; the exit code is the last one. */
export type OperatorAnswer =
  | { readonly print: string }
  | { readonly progress: string }
  | { readonly exit: number }

/** Longest line that is read, in characters: longer than any row of a backup, whose access list may have 1,000 names. */
const lineLengthMax = 8_000_000

/** Lines as they come. JSON has no line breaks, and nothing but "\n" ends a line here, also not U+2028. */
export async function* readLines(stream: Readable): AsyncGenerator<string, void> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > lineLengthMax) throw new RangeError('a line is too long')
  }
}

/** Writes one line, and waits until the reader takes more; a reader who has gone is no error. */
export async function writeLine(stream: Writable, line: string): Promise<void> {
  if (stream.destroyed || stream.write(`${line}\n`)) return
  await new Promise<void>((resolve) => {
    const go = () => {
      stream.off('drain', go).off('close', go)
      resolve()
    }
    stream.on('drain', go).on('close', go)
  })
}

/** Reads a request; null for what is none. */
export function parseRequest(line: string): OperatorRequest | null {
  try {
    const { path, args } = JSON.parse(line) as { path?: unknown; args?: unknown }
    return isTexts(path) && isTexts(args) ? { path, args } : null
  } catch {
    return null
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
