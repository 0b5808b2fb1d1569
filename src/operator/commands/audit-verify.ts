import { readFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { type Checkpoint, readCheckpoint } from '../../audit/verify/checkpoint.ts'
import { verifyAudit } from '../../audit/verify/verify.ts'
import { CommandError, exitCodes, UsageError } from '../../command-line/command.ts'
import { counted } from '../../counted.ts'
import { createPacer, defineOperatorCommand } from '../command.ts'

/** Chains that are read at the same time. More are no faster on two processors, and take connections from callers. */
const readersMax = 2

/** Most findings that are printed. */
const findingsMax = 1000

/** `keystead audit verify`. */
export const auditVerify = defineOperatorCommand({
  path: ['audit', 'verify'],
  summary: 'Finds records of the audit trail that were changed, removed or moved.',
  help: `
Verifies the whole audit trail and compares the keys with it. It reports the first bad record of each chain, and each
key whose rows were edited, reverted, removed, are newer than the trail, or were changed after an older row had been
put back. Servers can keep running.

If the end of the trail was cut off together with all traces of it, only a checkpoint that was kept elsewhere shows
that: see keystead audit checkpoint.

With --since-checkpoint, only records that are later than the checkpoint are read. What was changed before it since then
is not found. Keys are compared with the trail as ever.

Exit code 0 without findings, 1 with findings.

Examples:
  keystead audit verify
  keystead audit verify --checkpoint /mnt/vault/yesterday.jws --since-checkpoint
  keystead audit verify --checkpoint /mnt/vault/monday.jws`,
  options: {
    checkpoint: {
      type: 'string',
      value: 'FILE',
      meaning: 'Checkpoint to compare with; an absolute path.',
    },
    'since-checkpoint': {
      type: 'boolean',
      meaning: 'Reads only records that are later than the checkpoint.',
    },
  },
  async run({ options, parts, print, progress, signal }) {
    const { chainMac, checkpointKey, predatesChains } = parts.auditKeys
    const checkpoint = await readCheckpointFile(options.checkpoint, checkpointKey)
    const sinceCheckpoint = options['since-checkpoint'] === true
    if (sinceCheckpoint && checkpoint === undefined) {
      throw new UsageError('--since-checkpoint needs --checkpoint FILE.')
    }
    const isTime = createPacer()
    const report = await verifyAudit({
      db: parts.store.db,
      chainMac,
      predatesChains,
      checkpoint,
      sinceCheckpoint,
      // The embedded database has one connection.
      readers: parts.store.kind === 'postgres' ? readersMax : 1,
      rowMacs: parts.policyMac,
      async onProgress({ chains, records, keys }) {
        signal.throwIfAborted()
        if (isTime()) await progress(`chain ${chains}, ${records} records, ${keys} keys`)
      },
    })
    for (const { text } of report.findings.slice(0, findingsMax)) await print(text)
    const further = report.findings.length - findingsMax
    if (further > 0) await print(`and ${counted(further, 'more finding')}`)
    const older = report.recordsBeforeChains
    if (older > 0) {
      const are = older === 1 ? 'is' : 'are'
      await print(`${counted(older, 'record')} ${are} older than the chains and cannot be verified.`)
    }
    const { chains, records, keys } = report
    const since = sinceCheckpoint ? ` since ${checkpoint?.at.toISOString()}` : ''
    const verified = `${counted(chains, 'chain')} with ${counted(records, 'record')}${since}, and ${counted(keys, 'key')}`
    await print(
      report.findings.length === 0
        ? `${verified} verified, no problems found.`
        : `${counted(report.findings.length, 'finding')} in ${verified}.`,
    )
    return report.findings.length === 0 ? exitCodes.fine : exitCodes.failed
  },
})

type Key = Parameters<typeof readCheckpoint>[1]

async function readCheckpointFile(path: string | undefined, key: Key): Promise<Checkpoint | undefined> {
  if (path === undefined) return undefined
  // The file may be read by a running server, with another working directory.
  if (!isAbsolute(path)) throw new UsageError('--checkpoint needs an absolute path.')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The checkpoint ${path} cannot be read (${error.code ?? 'unknown error'}).`)
  })
  return readCheckpoint(text, key)
}
