import { pruneAudit } from '../../audit/prune/prune.ts'
import { exitCodes, UsageError } from '../../command-line/command.ts'
import { counted } from '../../counted.ts'
import { createPacer, defineOperatorCommand } from '../command.ts'

/** Longest retention, in days. More would not give a valid date. */
const daysMax = 36_500

/** `keystead audit prune`. */
export const auditPrune = defineOperatorCommand({
  path: ['audit', 'prune'],
  summary: 'Removes old records of the audit trail for good.',
  help: `
Removes records that are older than a number of days, from the beginning of each chain. What is to be removed is
verified first, and with any finding nothing is removed. Records that are not yet counted for the use of keys stay, as
do those that a configured sink (AUDIT_SINK_*) does not have. The removal is audited, by system:audit. Months without
younger records are dropped as a whole.

The command can be stopped and started again at any time. To keep the records, run keystead audit export first.

Example:
  keystead audit prune --older-than-days 400`,
  options: {
    'older-than-days': {
      type: 'string',
      value: 'DAYS',
      required: true,
      meaning: 'Age of records to remove, in days; at least 1.',
    },
  },
  async run({ options, parts, print, progress, signal }) {
    const text = options['older-than-days']
    const olderThanDays = Number(text)
    if (!/^\d{1,5}$/.test(text) || olderThanDays < 1 || olderThanDays > daysMax) {
      throw new UsageError(`--older-than-days needs a whole number from 1 to ${daysMax}.`)
    }
    const { store, clock, audit, auditKeys, settings } = parts
    const isTime = createPacer()
    const { pruned, notCounted, notExported, partitions, isLeft } = await pruneAudit({
      store,
      clock,
      audit,
      chainMac: auditKeys.chainMac,
      olderThanDays,
      sinks: settings.auditSinks,
      async onVerified(count) {
        signal.throwIfAborted()
        if (isTime()) await progress(`${counted(count, 'record')} verified`)
      },
      async onProgress(count) {
        signal.throwIfAborted()
        if (isTime()) await progress(`${counted(count, 'record')} removed`)
      },
    })
    await print(`${counted(pruned, 'record')} removed.`)
    if (partitions > 0) await print(`${counted(partitions, 'partition')} dropped.`)
    if (isLeft) {
      await print(
        'Their rows are still in the database, since a backup or a long query reads them. The next pruning deletes them.',
      )
    }
    if (notCounted > 0) {
      await print(`${notCounted} more are old enough, but not yet counted for the use of keys.`)
    }
    if (notExported > 0) {
      await print(`${notExported} more are old enough, but not yet exported to all sinks.`)
    }
    return exitCodes.fine
  },
})
