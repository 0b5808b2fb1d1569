import { join } from 'node:path'
import { createAuditWriter } from './audit/writer.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { createDevIssuer } from './auth/dev-issuer.ts'
import { createKeySource } from './auth/jwks.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createEnvelope } from './keyring/envelope.ts'
import { openInstallation } from './keyring/installation.ts'
import { createKeyCache } from './keyring/key-cache.ts'
import { createPolicyMac } from './keyring/policy-mac.ts'
import { createEnvProvider } from './keyring/providers/env.ts'
import { openFileProvider } from './keyring/providers/file.ts'
import type { RootKeyProvider } from './keyring/root-key-provider.ts'
import { createDomain } from './keys/create-domain.ts'
import type { DomainSettings } from './keys/domain-parts.ts'
import { runHousekeeping } from './keys/rotation.ts'
import { type Housekeeping, startHousekeeping } from './keys/rotation-scheduler.ts'
import { createUsageCounter } from './keys/usage.ts'
import { createLog, type Log } from './log.ts'
import { createContext } from './schema/context.ts'
import { schema } from './schema/index.ts'
import { createServer } from './server/http.ts'
import { createDatabaseClock, type DatabaseClock } from './store/database-clock.ts'
import { findInstallation } from './store/installation-row.ts'
import { openStore, type Store } from './store/store.ts'

/** A running Keystead. */
export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:4600`. */
  readonly url: string
  /** Answers a request without a socket. */
  fetch(request: Request): Promise<Response>
  readonly housekeeping: Housekeeping
  /** Finishes what is under way and lets go of everything. */
  close(): Promise<void>
}

/** What tests may replace; the real things otherwise. */
export interface AppOptions {
  /** Stands for the database's clock, and for this machine's where tokens are verified. */
  readonly clock?: Clock
  readonly log?: Log
  /** Told of each SQL statement. */
  readonly onStatement?: (sql: string) => void
}

/** Builds the server from its configuration and starts it. Everything that can be wrong with a set-up fails here. */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const { log = createLog(config.LOG_LEVEL), onStatement } = options
  const store = await openStore({
    databaseUrl: config.DATABASE_URL,
    dataFolder: config.DATA_FOLDER,
    poolSize: config.DATABASE_POOL_SIZE,
    migrate: config.MIGRATE_ON_START,
    ...(onStatement && { onStatement }),
  })
  try {
    const { clock: machineClock = systemClock } = options
    const clock = options.clock ?? (await createDatabaseClock(store, systemClock))
    return await startOn(store, config, { log, clock, machineClock })
  } catch (error) {
    await store.close()
    throw error
  }
}

async function startOn(
  store: Store,
  config: Config,
  { log, clock, machineClock }: { log: Log; clock: Clock | DatabaseClock; machineClock: Clock },
): Promise<App> {
  const rootKeyProvider = await openRootKeyProvider(store, config)
  const installation = await openInstallation(store.db, rootKeyProvider, clock.now())
  const policyMac = createPolicyMac(installation.policyMac)
  const envelope = createEnvelope(rootKeyProvider)
  const parts = {
    store,
    envelope,
    policyMac,
    cursorMac: installation.cursorMac,
    keys: createKeyCache({
      db: store.db,
      envelope,
      policyMac,
      size: config.KEY_CACHE_SIZE,
      lifetimeMs: config.CACHE_LIFETIME_MS,
    }),
    audit: createAuditWriter({ db: store.db, clock }),
    usage: createUsageCounter({ db: store.db, clock }),
    clock,
    settings: domainSettings(config),
    alert: (error: Error) => log.error({ alert: 'INTEGRITY' }, error.message),
  }
  const domain = createDomain(parts)
  const devIssuer = config.developmentMode ? await createDevIssuer({ clock: machineClock, config }) : null
  const server = createServer({
    config,
    log,
    schema,
    createContext: (call) => createContext({ domain, call }),
    authenticator: createAuthenticator({
      config,
      clock: machineClock,
      keySource: devIssuer?.keySource ?? createKeySource(config),
    }),
    devTokens: devIssuer,
    async checkReady() {
      await store.now()
      await rootKeyProvider.checkHealth()
    },
  })
  const { url } = await server.listen()
  const housekeeping = startHousekeeping({
    async run() {
      if ('synchronise' in clock) await clock.synchronise()
      const report = await runHousekeeping(parts)
      await parts.usage.flush()
      return report
    },
    intervalMs: config.HOUSEKEEPING_INTERVAL_SECONDS * 1000,
    onReport: (report) => log.debug(report, 'housekeeping'),
    onError: (error) => log.error({ error: String(error) }, 'housekeeping could not run; it is tried again'),
  })
  return {
    url,
    fetch: server.fetch,
    housekeeping,
    async close() {
      await server.close()
      await housekeeping.stop()
      // The last uses are worth an attempt, not a failure to stop.
      await parts.usage.flush().catch(() => {})
      await store.close()
    },
  }
}

async function openRootKeyProvider(store: Store, config: Config): Promise<RootKeyProvider> {
  switch (config.ROOT_KEY_PROVIDER) {
    case 'env':
      return createEnvProvider(config.ROOT_KEY)
    case 'file':
      return openFileProvider(
        config.ROOT_KEY_FILE ?? join(config.DATA_FOLDER, 'root.key'),
        (await findInstallation(store.db)) === null,
      )
  }
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
