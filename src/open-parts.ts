import { availableParallelism } from 'node:os'
import { LRUCache } from 'lru-cache'
import { createChainMac } from './audit/chain.ts'
import {
  type AuditWriter,
  createAuditWriter,
  openAuditWriter,
  type WrittenGroup,
} from './audit/write/writer.ts'
import { believe, type Clock, type GuardedClock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createSlowWork, type SlowWorkScheduler, slotsFor } from './crypto/slow-work.ts'
import { createFairQueue } from './fair-queue.ts'
import { createEnvelope } from './keyring/envelope.ts'
import { noteBirthWithChains, openInstallation } from './keyring/installation.ts'
import { createKeyCache } from './keyring/key-cache.ts'
import { createPolicyMac } from './keyring/policy-mac.ts'
import type { Warn } from './keyring/root-key-provider.ts'
import { createCallerRoles } from './keys/parts/caller-roles.ts'
import { createKeyChanges } from './keys/parts/change-hub.ts'
import type { Dependencies, DomainSettings } from './keys/parts/dependencies.ts'
import { createUsageCounter } from './keys/parts/usage-counter.ts'
import { findEventKeys } from './keys/reading/audit-events.ts'
import { openFilesLimit, shareOpenFiles } from './open-files.ts'
import { openConfiguredRootKeys } from './open-root-keys.ts'
import { sinkNamesOf } from './open-sinks.ts'
import { createDatabaseClock, type ElapsedTime, guardClock } from './store/database-clock.ts'
import { StoreError } from './store/errors.ts'
import { openStore } from './store/open-store.ts'
import { hasRecords } from './store/rows/backup-rows.ts'
import { findInstallation } from './store/rows/installation-row.ts'
import type { Store } from './store/store.ts'

/** Parts of the domain on opened data. */
export interface OpenedParts {
  readonly parts: Dependencies
  /** Closes the data. */
  close(): Promise<void>
}

/** Callbacks of the parts for metrics and traces. Must not throw. */
export interface PartsObserver {
  readonly onOperations: Dependencies['observe']
  readonly onLookup?: (isHit: boolean) => void
  readonly onGroup?: (group: WrittenGroup) => void
  readonly onBlock?: (share: number) => void
}

/** Options for opening the data. */
export interface OpenOptions {
  /** True to create what is missing: migrations (if the settings allow), root key and secret of a new installation. */
  readonly prepare: boolean
  /** Called for each row that does not verify. */
  readonly alert: Dependencies['alert']
  /** Receives warnings for the operator. */
  readonly warn?: Warn
  /** Called with the stage of opening, one sentence. */
  readonly onStage?: (stage: string) => void
  /** Called with the reason when something outside of this process fails. */
  readonly onOutage?: Dependencies['onOutage']
  /** Replaces the clock of the database, and is always trusted. */
  readonly clock?: Clock
  /** Replaces the clocks of the database and of this machine, and the measured time. */
  readonly time?: { readonly clock: Clock; readonly elapsed: ElapsedTime }
  /** Called for each SQL statement. */
  readonly onStatement?: (sql: string) => void
  /** Called with the reason before the process ends: see StoreOptions. */
  readonly onFolderLost?: (reason: string) => void
  /** Observes the parts. */
  readonly observer?: PartsObserver
  /** Replaces the audit trail. */
  readonly audit?: AuditWriter
  /** Processors for slow cryptography; those of the machine if not given. */
  readonly processors?: number
  /** Replaces the scheduler of slow work. */
  readonly slowWork?: SlowWorkScheduler
}

/** Most service keys in the cache of IDs by name. */
const serviceKeyIdsMax = 10_000

/** Opens store, keyring and audit trail, and builds the parts of the domain, for servers and for commands. */
export async function openParts(config: Config, options: OpenOptions): Promise<OpenedParts> {
  const { onStatement, onFolderLost, warn, onStage } = options
  const store = await openStore({
    databaseUrl: config.DATABASE_URL,
    listenUrl: config.DATABASE_LISTEN_URL,
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
    throw new StoreError('No server has used this database yet: it has no keys. Check the settings.')
  }
  // With a new secret all existing rows would look forged, and with the old one back, so would the rows written meanwhile.
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
  const parts: Dependencies = {
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
    callerRoles: createCallerRoles({
      db: store.db,
      clock,
      policyMac,
      alert,
      onOutage,
      lifetimeMs: config.CACHE_LIFETIME_MS,
    }),
    serviceKeyIds: new LRUCache({ max: serviceKeyIdsMax }),
    changes: createKeyChanges({
      clock,
      readAccess: (projectId, ids) => findEventKeys({ store, clock, policyMac, alert }, projectId, ids),
      limits: {
        streamsMax: config.SUBSCRIPTIONS_MAX,
        streamsPerCallerMax: config.SUBSCRIPTIONS_PER_CALLER_MAX,
      },
    }),
    // Most commands write no audit events, so that they open no chains.
    audit: options.audit ?? (await (prepare ? openAuditWriter : createAuditWriter)(chainParts, onGroup)),
    auditKeys: { chainMac, checkpointKey: installation.checkpointKey, predatesChains },
    usage: createUsageCounter({
      db: store.db,
      clock,
      ...(observer?.onBlock && { onBlock: observer.onBlock }),
    }),
    slowWork:
      options.slowWork ??
      createSlowWork(
        slotsFor(options.processors ?? availableParallelism(), config.UV_THREADPOOL_SIZE ?? undefined),
      ),
    slowReads: createFairQueue(slowReadSlots(config.DATABASE_POOL_SIZE)),
    clock,
    settings: domainSettings(config),
    alert,
    onOutage,
    observe: observer?.onOperations ?? (() => {}),
  }
  return {
    parts,
    async close() {
      // Best effort: a failure must not prevent the stop.
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

/** A quarter of the connections to the database, and never all. If there are several, one is left to other projects. */
function slowReadSlots(connections: number) {
  const slots = Math.max(1, Math.min(connections - 1, Math.max(2, Math.floor(connections / 4))))
  return { slots, slotsPerProject: Math.max(1, slots - 1) }
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
    auditSinks: sinkNamesOf(config),
  }
}
