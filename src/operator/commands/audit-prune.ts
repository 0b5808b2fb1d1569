import { pruneAudit } from '../../audit/prune/prune.ts'
import { defineOperatorCommand, exitCodes, UsageError } from '../command.ts'
import { createPacer } from '../progress-pace.ts'

/** Longest retention, in days: more than any law asks for, and every date stays one. */
const daysMax = 36_500

/** `keystead audit prune`. */
export const auditPrune = defineOperatorCommand({
  path: ['audit', 'prune'],
  summary: 'Removes old records of the audit trail for good.',
  help: `
Removes the records that are older than a number of days, from the beginning of each chain. The whole trail is verified
first, and nothing is removed if anything is found. Records that are not counted yet for the use of keys stay. What was
removed is on record itself, by system:audit.

It can be stopped at any moment and started again. To keep what goes, use keystead audit export before.

Example:
  keystead audit prune --older-than-days 400`,
  options: {
    'older-than-days': {
      type: 'string',
      value: 'DAYS',
      required: true,
      meaning: 'Age from which records go, in days; 1 at least.',
    },
  },
  async run({ options, parts, print, progress, signal }) {
    const text = options['older-than-days']
    const olderThanDays = Number(text)
    if (!/^\d{1,5}$/.test(text) || olderThanDays < 1 || olderThanDays > daysMax) {
      throw new UsageError(`--older-than-days needs a whole number from 1 to ${daysMax}.`)
    }
    const { store, clock, audit, auditKeys } = parts
    const isTime = createPacer()
    const { pruned, notCounted } = await pruneAudit({
      store,
      clock,
      audit,
      chainMac: auditKeys.chainMac,
      predatesChains: auditKeys.predatesChains,
      olderThanDays,
      async onProgress(count) {
        signal.throwIfAborted()
        if (isTime()) await progress(`${count} records removed`)
      },
    })
    await print(`${pruned} records removed.`)
    if (notCounted > 0) {
      await print(`${notCounted} more are old enough, but not counted yet for the use of keys.`)
    }
    return exitCodes.fine
  },
})
