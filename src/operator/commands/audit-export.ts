import { exportAudit } from '../../audit/export.ts'
import { counted } from '../../counted.ts'
import { createPacer, defineOperatorCommand, exitCodes, UsageError } from '../command.ts'

/** `keystead audit export`. */
export const auditExport = defineOperatorCommand({
  path: ['audit', 'export'],
  summary: 'Prints the records of the audit trail as lines of JSON.',
  help: `
Prints one record a line, chain by chain, with the hashes by which others can verify the records (docs/audit.md).
Times are RFC 3339; a date alone means 00:00 UTC. The command does not verify the trail: see keystead audit verify.

Examples:
  keystead audit export > trail.jsonl
  keystead audit export --project shop --since 2027-01-01 --until 2027-02-01`,
  options: {
    since: { type: 'string', value: 'TIME', meaning: 'Only records from this moment on.' },
    until: { type: 'string', value: 'TIME', meaning: 'Only records before this moment.' },
    project: { type: 'string', value: 'PROJECT', meaning: 'Only records of this project.' },
  },
  async run({ options, parts, print, progress, signal }) {
    const filter = {
      since: readTime('since', options.since),
      until: readTime('until', options.until),
      projectId: options.project ?? null,
    }
    const isTime = createPacer()
    let count = 0
    for await (const lines of exportAudit(parts.store.db, filter, parts.auditKeys)) {
      for (const line of lines) await print(line)
      count += lines.length
      signal.throwIfAborted()
      if (isTime()) await progress(counted(count, 'record'))
    }
    await progress(`${counted(count, 'record')}.`)
    return exitCodes.fine
  },
})

const timeForm = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?$/

function readTime(name: string, text: string | undefined): Date | null {
  if (text === undefined) return null
  const time = new Date(text)
  // JavaScript reads 30 February as 2 March.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
  if (!timeForm.test(text) || !isDay || Number.isNaN(time.getTime())) {
    throw new UsageError(`--${name} needs a time such as 2027-01-31 or 2027-01-31T08:00:00Z.`)
  }
  return time
}
