import { readFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type Checkpoint, readCheckpoint } from '../../audit/verify/checkpoint.ts'
import { verifyAudit } from '../../audit/verify/verify.ts'
import { CommandError, defineOperatorCommand, exitCodes, UsageError } from '../command.ts'
import { createPacer } from '../progress-pace.ts'

/** Most findings that are printed; so many are one catastrophe, not many findings. */
const findingsMax = 1000

/** `keystead audit verify`. */
export const auditVerify = defineOperatorCommand({
  path: ['audit', 'verify'],
  summary: 'Finds records of the audit trail that were changed, removed or moved.',
  help: `
Reads the whole audit trail and compares the keys with it. Names the first bad record of each chain, every key whose
rows were edited, went back to an earlier state, are gone, or are newer than the trail knows, and every key that was
changed after an older row had been put back. Servers may go on working meanwhile.

A trail whose end was cut off together with everything that tells of it is only found with a checkpoint that was kept
elsewhere: see keystead audit checkpoint.

Ends with 0 if nothing was found, with 1 if something was.

Examples:
  keystead audit verify
  keystead audit verify --checkpoint /mnt/vault/monday.jws`,
  options: {
    checkpoint: {
      type: 'string',
      value: 'FILE',
      meaning: 'A checkpoint to compare with; an absolute path.',
    },
  },
  async run({ options, parts, print, progress, signal }) {
    const { chainMac, checkpointKey, predatesChains } = parts.auditKeys
    const checkpoint = await readCheckpointFile(options.checkpoint, checkpointKey)
    const isTime = createPacer()
    const report = await verifyAudit({
      db: parts.store.db,
      chainMac,
      predatesChains,
      checkpoint,
      rowMacs: parts.policyMac,
      async onProgress({ chains, records, keys }) {
        signal.throwIfAborted()
        if (isTime()) await progress(`chain ${chains}, ${records} records, ${keys} keys`)
      },
    })
    for (const { text } of report.findings.slice(0, findingsMax)) await print(text)
    const further = report.findings.length - findingsMax
    if (further > 0) await print(`and ${further} findings more`)
    if (report.recordsBeforeChains > 0) {
      await print(`Nothing vouches for ${report.recordsBeforeChains} records from before there were chains.`)
    }
    const looked = `${report.chains} chains with ${report.records} records, and ${report.keys} keys`
    await print(
      report.findings.length === 0
        ? `Nothing was found in ${looked}.`
        : `${report.findings.length} findings in ${looked}.`,
    )
    return report.findings.length === 0 ? exitCodes.fine : exitCodes.failed
  },
})

type Key = Parameters<typeof readCheckpoint>[1]

async function readCheckpointFile(path: string | undefined, key: Key): Promise<Checkpoint | undefined> {
  if (path === undefined) return undefined
  // A running server reads it, whose working directory is another one.
  if (!isAbsolute(path)) throw new UsageError('--checkpoint needs an absolute path.')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The checkpoint ${path} cannot be read (${error.code ?? 'unknown error'}).`)
  })
  return readCheckpoint(text, key)
}
