import type { Readable, Writable } from 'node:stream'

/** Request of the command line to the running server; one line of JSON. */
export interface OperatorRequest {
  /** Words of the command. */
  readonly path: readonly string[]
  /** Arguments after them. */
  readonly args: readonly string[]
}

/** Answers of the server, one line of JSON each. The exit code is the last one. */
export type OperatorAnswer =
  | { readonly print: string }
  | { readonly progress: string }
  | { readonly exit: number }

/** Longest line, in characters. A row of a backup, with an access list of 1,000 names, is shorter. */
const lineLengthMax = 8_000_000

/** Reads lines. Only "\n" ends a line, not U+2028, which JSON may contain. */
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

/** Writes a line, and waits until the reader accepts more. A reader that is gone is no error. */
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

/** Parses a request; null if it is malformed. */
export function parseRequest(line: string): OperatorRequest | null {
  try {
    const { path, args } = JSON.parse(line) as { path?: unknown; args?: unknown }
    return isStrings(path) && isStrings(args) ? { path, args } : null
  } catch {
    return null
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
