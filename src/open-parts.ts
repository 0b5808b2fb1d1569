import { availableParallelism } from 'node:os'
import { LRUCache } from 'lru-cache'
import { createChainMac } from './audit/chain-mac.ts'
import {
  type AuditWriter,
  createAuditWriter,
  openAuditWriter,
  type WrittenGroup,
} from './audit/write/writer.ts'
import { believe, type Clock, type GuardedClock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createSlowWork, type SlowWorkScheduler, slotsFor } from './crypto/slow-work.ts'
import { createEnvelope } from './keyring/envelope.ts'
import { noteBirthWithChains, openInstallation } from './keyring/installation.ts'
import { createKeyCache } from './keyring/key-cache.ts'
import { createPolicyMac } from './keyring/policy-mac.ts'
import type { Warn } from './keyring/root-key-provider.ts'
import { createKeyChanges } from './keys/parts/change-hub.ts'
import type { DomainParts, DomainSettings } from './keys/parts/parts.ts'
import { createUsageCounter } from './keys/parts/usage-counter.ts'
import { findEventKeys } from './keys/reading/audited-keys.ts'
import { openFilesLimit, shareOpenFiles } from './open-files.ts'
import { openConfiguredRootKeys } from './open-root-keys.ts'
import { type ElapsedTime, guardClock } from './store/certain-time.ts'
import { createDatabaseClock } from './store/database-clock.ts'
import { StoreError } from './store/errors.ts'
import { openStore } from './store/open-store.ts'
import { hasRecords } from './store/rows/backup-rows.ts'
import { findInstallation } from './store/rows/installation-row.ts'
import type { Store } from './store/store.ts'

/** The parts of the domain on open data. */
export interface OpenedParts {
  readonly parts: DomainParts
  /** Lets go of the data. */
  close(): Promise<void>
}

/** Who is told of what the parts do, for metrics and traces; none of it may throw. */
export interface PartsObserver {
  readonly onOperations: DomainParts['observe']
  readonly onLookup?: (isHit: boolean) => void
  readonly onGroup?: (group: WrittenGroup) => void
  readonly onBlock?: (share: number) => void
}

/** How the data is opened. */
export interface OpenOptions {
  /** Whether what is missing is made: migrations as the settings say, root key and secret of a new installation. */
  readonly prepare: boolean
  /** Told of every row that does not verify. */
  readonly alert: DomainParts['alert']
  /** Takes warnings for the operator. */
  readonly warn?: Warn
  /** Told in a sentence what opening is at. */
  readonly onStage?: (stage: string) => void
  /** Told why something outside of this process cannot be used. */
  readonly onOutage?: DomainParts['onOutage']
  /** Stands for the database's clock, and is believed whatever it says. */
  readonly clock?: Clock
  /** Stands for the clocks of the database and of this machine, and for what this machine knows of the time that passes. */
  readonly time?: { readonly clock: Clock; readonly elapsed: ElapsedTime }
  /** Told of each SQL statement. */
  readonly onStatement?: (sql: string) => void
  /** Told why the process is about to end: see StoreOptions. */
  readonly onFolderLost?: (reason: string) => void
  /** Told of what the parts do. */
  readonly observer?: PartsObserver
  /** Stands for the audit trail. */
  readonly audit?: AuditWriter
  /** Stands for the slots of slow work. */
  readonly slowWork?: SlowWorkScheduler
}

/** Most service keys whose IDs are remembered by name. */
const serviceKeyIdsMax = 10_000

/** Opens store, keyring and audit trail, and builds what the domain works with, for servers and for commands. */
export async function openParts(config: Config, options: OpenOptions): Promise<OpenedParts> {
  const { onStatement, onFolderLost, warn, onStage } = options
  const store = await openStore({
    databaseUrl: config.DATABASE_URL,
    dataFolder: config.DATA_FOLDER,
    filesMax: shareOpenFiles(config, openFilesLimit()).databaseFilesMax,
    poolSize: config.DATABASE_POOL_SIZE,
    waitMs: config.REQUEST_TIMEOUT_MS,
    migrate: options.prepare && config.MIGRATE_ON_START,
    ...(warn && { warn }),
    ...(onStage && { onStage }),
    ...(onStatement && { onStatement }),
    ...(onFolderLost && { onFolderLost }),
  })
  try {
    return await openOn(store, config, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openOn(store: Store, config: Config, options: OpenOptions): Promise<OpenedParts> {
  const { prepare, alert, observer, warn = () => {}, onStage = () => {}, onOutage = () => {} } = options
  const clock = options.clock ? believe(options.clock) : await openClock(store, options)
  const isNew = (await findInstallation(store.db)) === null
  if (isNew && !prepare) {
    throw new StoreError(
      'No server has used this database yet, so that it holds no keys. Check the settings.',
    )
  }
  // A new secret would make every row look forged, and what is written under it look forged once the old one is back.
  if (isNew && (await hasRecords(store.db))) {
    throw new StoreError(
      'The installation row is missing, though the database holds keys or audit records. It was removed outside of Keystead: restore a backup (docs/backup.md).',
    )
  }
  onStage('It is opening the root keys.')
  const rootKeys = await openConfiguredRootKeys(config, { isNew, warn })
  const installation = await openInstallation(store.db, rootKeys, clock.now())
  const predatesChains =
    installation.predatesChains && (!prepare || (await noteBirthWithChains(store, rootKeys)))
  const policyMac = createPolicyMac(installation.policyMac)
  const envelope = createEnvelope(rootKeys)
  const chainMac = createChainMac(installation.auditMac)
  const chainParts = { store, clock, chainMac, alert }
  const onGroup = observer?.onGroup ? { onGroup: observer.onGroup } : {}
  const parts: DomainParts = {
    store,
    rootKeys,
    envelope,
    policyMac,
    cursorMac: installation.cursorMac,
    keys: createKeyCache({
      db: store.db,
      envelope,
      policyMac,
      size: config.KEY_CACHE_SIZE,
      lifetimeMs: config.CACHE_LIFETIME_MS,
      ...(observer?.onLookup && { onLookup: observer.onLookup }),
    }),
    serviceKeyIds: new LRUCache({ max: serviceKeyIdsMax }),
    changes: createKeyChanges({
      clock,
      readAccess: (projectId, ids) => findEventKeys({ store, policyMac, alert }, projectId, ids),
      limits: {
        streamsMax: config.SUBSCRIPTIONS_MAX,
        streamsPerCallerMax: config.SUBSCRIPTIONS_PER_CALLER_MAX,
      },
    }),
    // Most commands record nothing: they open no chains.
    audit: options.audit ?? (await (prepare ? openAuditWriter : createAuditWriter)(chainParts, onGroup)),
    auditKeys: { chainMac, checkpointKey: installation.checkpointKey, predatesChains },
    usage: createUsageCounter({
      db: store.db,
      clock,
      ...(observer?.onBlock && { onBlock: observer.onBlock }),
    }),
    slowWork:
      options.slowWork ??
      createSlowWork(slotsFor(availableParallelism(), config.UV_THREADPOOL_SIZE ?? undefined)),
    clock,
    settings: domainSettings(config),
    alert,
    onOutage,
    observe: observer?.onOperations ?? (() => {}),
  }
  return {
    parts,
    async close() {
      // The last uses are worth an attempt, not a failure to stop.
      await parts.usage.flush().catch(() => {})
      await store.close()
    },
  }
}

async function openClock(store: Store, { time, prepare: keep }: OpenOptions): Promise<GuardedClock> {
  if (time === undefined) return guardClock(store, await createDatabaseClock(store, systemClock), { keep })
  const told = { now: async () => time.clock.now() }
  return guardClock(store, await createDatabaseClock(told, time.clock), { elapsed: time.elapsed, keep })
}

function domainSettings(config: Config): DomainSettings {
  return {
    rotationTimeZone: config.ROTATION_TIME_ZONE,
    destroyWaitingDaysDefault: config.DESTROY_WAITING_DAYS_DEFAULT,
    destroyWaitingDaysMin: config.DESTROY_WAITING_DAYS_MIN,
    revocationDelayMs: config.CACHE_LIFETIME_MS + config.REQUEST_TIMEOUT_MS,
    itemBytesMax: config.ITEM_BYTES_MAX,
    batchItemsMax: config.BATCH_ITEMS_MAX,
    batchBytesMax: config.BATCH_BYTES_MAX,
    allowedAlgorithms: config.ALLOWED_ALGORITHMS,
  }
}
