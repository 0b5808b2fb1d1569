import { createChainMac } from '../audit/chain.ts'
import { type AuditWriter, createAuditWriter } from '../audit/write/writer.ts'
import type { Clock } from '../clock.ts'
import { counted } from '../counted.ts'
import { createEnvelope } from '../keyring/envelope.ts'
import { type InstallationKeys, openInstallation } from '../keyring/installation.ts'
import { createPolicyMac } from '../keyring/policy-mac.ts'
import { RootKeyError, type RootKeyProvider } from '../keyring/root-key-provider.ts'
import {
  leastGivenUp,
  type SetBackParts,
  setKeysBack,
  VersionNumbersUsedUpError,
} from '../keys/changing/set-back.ts'
import { systemActor } from '../keys/parts/request.ts'
import { analyzeTables } from '../store/embedded/maintenance.ts'
import {
  type BackupTable,
  backupTables,
  countOtherSessions,
  hasRecords,
  inLongTransaction,
  removeEverything,
  writeRows,
} from '../store/rows/backup-rows.ts'
import { findHighestVersionNumber } from '../store/rows/key-rows.ts'
import { findEncryptionsAbove } from '../store/rows/usage-rows.ts'
import type { Queryable } from '../store/sql.ts'
import type { Store } from '../store/store.ts'
import { checkRestored } from './check-restored.ts'
import { BackupError, type BackupHeader } from './contents.ts'
import type { Backup } from './read-backup.ts'

/** Options of a restore. */
export interface RestoreOptions {
  readonly store: Store
  readonly rootKeys: RootKeyProvider
  readonly clock: Clock
  readonly backup: Backup
  /** Header of the same backup, from a first pass. */
  readonly header: BackupHeader
  /** True to replace existing data. */
  readonly replace: boolean
  readonly onProgress?: (records: number) => Promise<void>
}

/** Result of a restore. */
export interface Restored {
  readonly records: number
  /** Number of versions whose material was unwrapped as a check. */
  readonly opened: number
  readonly keys: InstallationKeys
}

/**
 * Rows of one table that are added together, and the length of their texts. Prisma remembers its last hundred statements
 * with their values for its debug output, so that large ones would add up.
 */
const batchRows = 200
const batchLength = 100_000

/**
 * Replaces everything in a store by what is in a backup, in one transaction, which is undone unless all of it verifies: a
 * restore that was interrupted has changed nothing.
 *
 * @throws BackupError if the store is not empty or in use, or the backup does not verify
 */
export function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { store, backup, clock } = options
  // Inside the transaction the embedded database answers no other query.
  const now = clock.now()
  return inLongTransaction(store, async (tx) => {
    await requireUnused(store, tx)
    if (!options.replace && (await hasRecords(tx))) {
      throw new BackupError(
        'Nothing was restored: the database holds keys or audit records already. Restore into an empty one, or give --force to replace everything in this one.',
      )
    }
    const replaced = {
      highestVersion: await findHighestVersionNumber(tx),
      // Every version gives up more than what is below.
      encryptions: await findEncryptionsAbove(tx, leastGivenUp()),
    }
    await removeEverything(tx)
    // A server that came meanwhile has either shown itself, or waits for the tables and finds the new rows.
    await requireUnused(store, tx)
    const batch = createBatch(tx)
    let count = 0
    const { header, records, counts } = await backup.read({
      async onRecord({ table, json }) {
        const wasWritten = await batch.add(table, json)
        if (wasWritten) await options.onProgress?.(count)
        count++
      },
    })
    await batch.flush()
    if (counts['installation'] !== 1) {
      throw new BackupError('Nothing was restored: no server had used the database that was backed up.')
    }
    const keys = await openInstallation(tx, options.rootKeys, now).catch((error: unknown) => {
      if (!(error instanceof RootKeyError)) throw error
      throw new BackupError(`Nothing was restored: the root key does not open the backup: ${error.message}.`)
    })
    const { opened } = await checkRestored(tx, {
      envelope: createEnvelope(options.rootKeys),
      policyMac: createPolicyMac(keys.policyMac),
      rootKeyIds: header.rootKeyIds,
    })
    const audit = createAuditWriter({
      store,
      clock,
      chainMac: createChainMac(keys.auditMac),
      alert: () => {},
    })
    const policyMac = createPolicyMac(keys.policyMac)
    await setBack(tx, { policyMac, audit, now, backupCreatedAt: header.createdAt, replaced })
    await record(tx, audit, { header, records })
    // The database was empty when the planner last looked, or held something else.
    await analyzeTables(tx, backupTables)
    return { records, opened, keys }
  })
}

async function requireUnused(store: Store, tx: Queryable): Promise<void> {
  if (store.kind !== 'postgres') return
  const sessions = await countOtherSessions(tx)
  if (sessions === 0) return
  throw new BackupError(
    `Nothing was restored: ${counted(sessions, 'other connection')} of Keystead to the database ${sessions === 1 ? 'is' : 'are'} open. Stop all servers and commands first.`,
  )
}

function createBatch(tx: Queryable) {
  let current: BackupTable | null = null
  let rows: string[] = []
  let length = 0
  async function flush(): Promise<void> {
    if (current !== null && rows.length > 0) await writeRows(tx, current, rows)
    rows = []
    length = 0
  }
  return {
    flush,
    /** Resolves to true if rows were written. */
    async add(table: BackupTable, json: string): Promise<boolean> {
      const isFull = rows.length >= batchRows || length + json.length > batchLength
      const isDue = rows.length > 0 && (isFull || table !== current)
      if (isDue) await flush()
      current = table
      rows.push(json)
      length += json.length
      return isDue
    },
  }
}

async function setBack(tx: Queryable, parts: SetBackParts): Promise<void> {
  await setKeysBack(tx, parts).catch((error: unknown) => {
    if (!(error instanceof VersionNumbersUsedUpError)) throw error
    throw new BackupError(
      'Nothing was restored: the keys in the backup have been restored so often that their version numbers are used up.',
    )
  })
}

/** That the database went back is on record in itself, at the end of what the backup knows. */
async function record(
  tx: Queryable,
  audit: AuditWriter,
  { header, records }: { header: BackupHeader; records: number },
): Promise<void> {
  await audit.recordIn(tx, {
    actor: systemActor('operator', ''),
    action: 'RESTORE_BACKUP',
    outcome: 'SUCCEEDED',
    errorCode: null,
    keyId: null,
    keyRevision: null,
    versionNumber: null,
    details: { backupCreatedAt: header.createdAt, source: header.source, records },
  })
}
