import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import type { Line } from './part.ts'

/** A line for whoever watches. */
export function printLine({ what, target, figure, isMet, conditions }: Line): string {
  return `  ${what}: ${figure} (target ${target}: ${textOf(isMet)}) — ${conditions}`
}

/** All lines as a table in Markdown, with where and of what they were measured. */
export function printTable(lines: readonly Line[], postgres: string | null): string {
  const rows = lines.map(({ what, target, figure, isMet, conditions }) =>
    [what, target, figure, textOf(isMet), conditions].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  )
  const places = [
    `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `Node ${process.versions.node}`,
    ...(postgres === null ? [] : [postgres]),
    `commit ${commit()}`,
  ]
  return `${places.join(', ')}. Load generator on the same machine.

| what | target | figure | met | conditions |
|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join('\n')}`
}

/** Small numbers with two digits behind the point, large ones without. */
export function numberOf(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}

function textOf(isMet: boolean | null): string {
  return isMet === null ? '–' : isMet ? 'yes' : 'no'
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}
