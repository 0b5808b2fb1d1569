import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the repository that is made from the code. */
export interface PrintedFile {
  /** Path from the top of the repository. */
  readonly path: string
  readonly text: string
  /** What it is made from, for people. */
  readonly source: string
  /** What makes it. */
  readonly command: string
}

/** Writes the file; with `--check` on the command line, ends with 1 if it is not as the code says. */
export function printOrCheck({ path, text, source, command }: PrintedFile): void {
  const place = join(import.meta.dirname, '..', path)
  if (!process.argv.includes('--check')) {
    writeFileSync(place, text)
  } else if (!existsSync(place) || readFileSync(place, 'utf8') !== text) {
    console.error(`${path} is not what ${source}: run ${command} and look at the difference.`)
    process.exit(1)
  } else {
    console.log(`${path} is up to date.`)
  }
}
