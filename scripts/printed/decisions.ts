import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { PrintedFile } from './printed-file.ts'

const folder = join(import.meta.dirname, '../../docs/decisions')

/** The index of the decisions: number, title, date, status. */
export const decisionIndex: PrintedFile = {
  path: 'docs/decisions/README.md',
  source: 'the decisions in docs/decisions',
  print: () => `# Decisions

This page lists the design decisions. It is made from the files in this folder by \`npm run print\`; do not edit it.

Each decision takes half a page: context, choice, consequence. A decision that no longer holds keeps its number and names its
replacement. A new decision takes the next free number and begins like the others, with title, date and status.

| Number | Decision | Date | Status |
| --- | --- | --- | --- |
${globSync('[0-9]*.md', { cwd: folder }).sort().map(rowOf).join('\n')}
`,
}

function rowOf(file: string): string {
  const text = readFileSync(join(folder, file), 'utf8')
  const [, number, title, date, status] =
    /^# (\d+)\. ([^\n]+)\n\nDate: (\d{4}-\d{2}-\d{2})\. Status: ([^\n]+)\.\n/.exec(text) ?? []
  if (number === undefined || Number(basename(file).slice(0, 4)) !== Number(number)) {
    throw new Error(
      `docs/decisions/${file} must begin with "# NUMBER. TITLE" and "Date: YYYY-MM-DD. Status: ….".`,
    )
  }
  return `| ${number} | [${title}](${file}) | ${date} | ${status} |`
}
