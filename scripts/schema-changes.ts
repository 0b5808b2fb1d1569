// Lists the changes of schema.graphql that matter to clients since a commit: the argument, else the last tag, else the
// parent of this commit. Fails on a breaking change that CHANGELOG.md does not announce (docs/api-policy.md).
// --all also lists safe changes.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareSchemas, formatReport, unannouncedOf } from './schema-report.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** What git prints; null where it cannot, as for a parent that a shallow checkout does not have. */
function git(...parameters: string[]): string | null {
  try {
    return execFileSync('git', parameters, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trimEnd()
  } catch {
    return null
  }
}

const given = process.argv.slice(2).find((each) => !each.startsWith('--'))
const base = given ?? git('describe', '--tags', '--abbrev=0') ?? 'HEAD~1'
const before = git('show', `${base}:schema.graphql`)
if (before === null) {
  console.log(`There is no schema.graphql at ${base} to compare with.`)
  process.exit(given === undefined ? 0 : 1)
}
const report = await compareSchemas(before, read('schema.graphql'))
console.log(`schema.graphql since ${base}: ${formatReport(report, { all: process.argv.includes('--all') })}`)
const unannounced = unannouncedOf(report, read('CHANGELOG.md'))
if (unannounced.length > 0) {
  const paths = unannounced.map(({ path }) => `\`${path}\``).join(', ')
  console.error(
    `\nAnnounce these in CHANGELOG.md, in "- **Breaking:** …" items under "## [Unreleased]": ${paths}`,
  )
  process.exit(1)
}
