import { exportAudit } from '../../audit/export.ts'
import { exitCodes } from '../../command-line/command.ts'
import { counted } from '../../counted.ts'
import { createPacer, defineOperatorCommand } from '../command.ts'
import { readTime } from '../read-time.ts'

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
