import { rollUpUsage } from './audit/write/roll-up.ts'
import type { AuditWriter } from './audit/write/writer.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { createDevIssuer } from './auth/dev-issuer.ts'
import { createTrustedIssuers, fetchMissingKeys } from './auth/jwks.ts'
import { type Clock, settlesWithin, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import type { SlowWorkScheduler } from './crypto/slow-work.ts'
import { createClockAlert, describeHold } from './keys/housekeeping/clock-alert.ts'
import { runHousekeeping } from './keys/housekeeping/housekeeping.ts'
import { type Housekeeping, startHousekeeping } from './keys/housekeeping/scheduler.ts'
import { asUnavailable } from './keys/parts/request.ts'
import { createLog, type Log } from './log.ts'
import { openFilesLimit, shareOpenFiles } from './open-files.ts'
import { type Observer, openObserver } from './open-observer.ts'
import { type OpenedParts, type OpenOptions, openParts } from './open-parts.ts'
import { type OperatorServer, startOperatorServer } from './operator/server.ts'
import { hasOperatorSockets } from './operator/socket.ts'
import { createOutages, type Outages } from './outages.ts'
import { createReadiness } from './readiness.ts'
import { createContextFactory } from './schema/context.ts'
import { schema } from './schema/index.ts'
import { createStartingAnswers } from './server/http/health.ts'
import { type Listener, openListener } from './server/http/listener.ts'
import { createServer } from './server/http/server.ts'
import { databaseTroubleOf } from './store/database-trouble.ts'
import { isUnavailable } from './store/errors.ts'
import type { KeyChangeListener } from './store/key-changes.ts'
import { systemTroubleOf } from './system-errors.ts'
import { productVersion } from './version.ts'

/** A running Keystead. */
export interface App {
  /** URL of the API, e.g. `http://127.0.0.1:4600`. */
  readonly url: string
  /** URL of the metrics; null where they are off. */
  readonly metricsUrl: string | null
  readonly housekeeping: Housekeeping
  /**
   * Finishes accepted requests within SHUTDOWN_TIMEOUT_MS, and closes everything.
   *
   * @throws CutOffError at the end, if something was cut off
   */
  close(): Promise<void>
}

/** A stop has cut off unfinished work. The log has the numbers. */
export class CutOffError extends Error {}

/** Timeout for closing everything after unfinished work was cut off, which may never end. */
const closeTimeoutMs = 2000

/** Parts that tests may replace. */
export interface AppOptions {
  /** Replaces the clock of the database, and the clock of this machine that tokens are verified with. */
  readonly clock?: Clock
  /** Replaces both clocks and the measured time: see OpenOptions. */
  readonly time?: NonNullable<OpenOptions['time']>
  readonly log?: Log
  /** Called for each SQL statement. */
  readonly onStatement?: (sql: string) => void
  /** For benchmarks that measure the cost of the audit trail. No setting replaces it. */
  readonly audit?: AuditWriter
  /** For tests that count or delay slow work. */
  readonly slowWork?: SlowWorkScheduler
}

/**
 * Builds the server from its configuration and starts it. A wrong set-up fails here. During the start, the port answers with
 * 503 and the stage of the start.
 */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const { log = createLog(config.LOG_LEVEL), time } = options
  const machineClock = options.clock ?? time?.clock ?? systemClock
  const outages = createOutages(log)
  const observer = await openObserver(config)
  try {
    const starting = createStartingAnswers()
    const { connectionsMax, isShort } = shareOpenFiles(config, openFilesLimit())
    if (isShort) {
      log.warn(
        { connectionsMax, wanted: config.CONNECTIONS_MAX },
        'the limit of open files of this process (ulimit -n, LimitNOFILE) leaves room for fewer connections than CONNECTIONS_MAX',
      )
    }
    const listener = await openListener(config, {
      handler: starting.handle,
      connectionsMax,
      onFull: () => outages.reportFull(connectionsMax),
    })
    try {
      const opened = await openParts(config, {
        ...options,
        prepare: true,
        observer: observer.parts,
        warn: (text) => log.warn({}, text),
        onStage: starting.setStage,
        onOutage: outages.report,
        alert(error: Error) {
          log.error({ alert: 'INTEGRITY' }, error.message)
          observer.metrics?.onAlert()
        },
        onFolderLost: (reason) => log.error({ alert: 'DATA_FOLDER' }, reason),
      })
      try {
        return await startOn(opened, config, { log, machineClock, observer, outages, listener })
      } catch (error) {
        await opened.close()
        throw error
      }
    } catch (error) {
      await listener.cut()
      throw error
    }
  } catch (error) {
    await observer.close()
    throw error
  }
}

/** Parts of a server besides its data. */
interface ServerMeans {
  readonly log: Log
  readonly machineClock: Clock
  readonly observer: Observer
  readonly outages: Outages
  readonly listener: Listener
}

async function startOn(
  opened: OpenedParts,
  config: Config,
  { log, machineClock, observer, outages, listener: port }: ServerMeans,
): Promise<App> {
  const { parts } = opened
  const { metrics, tracing } = observer
  const devIssuer = config.developmentMode ? await createDevIssuer({ clock: machineClock, config }) : null
  const fetching = {
    onFetch: metrics?.onFetch,
    onFailure: outages.reportIssuer,
    warn: (text: string) => log.warn({}, text),
  }
  const issuers = devIssuer === null ? createTrustedIssuers(config, fetching) : [devIssuer.issuer]
  // In the background, so that a mistake is in the log before the first token comes.
  fetchMissingKeys(issuers)
  const server = createServer(
    {
      config,
      log,
      schema,
      createContext: createContextFactory(parts),
      authenticator: createAuthenticator({ config, clock: machineClock, issuers }),
      devTokens: devIssuer,
      checkReady: createReadiness(parts, outages, issuers),
      tracing,
      explain: (error) => asUnavailable(parts, error),
      ...(metrics && { onRequest: metrics.onRequest }),
    },
    port,
  )
  const metricsServer = await observer.serve(parts, server.load)
  server.serve()
  const { url } = port
  const clockAlert = createClockAlert(parts.clock, {
    onHold(hold) {
      log.error({ alert: 'CLOCK', aheadSeconds: Math.round(hold.aheadMs / 1000) }, describeHold(hold))
    },
    onBelieved: () => log.info({}, "the database's clock is believed again"),
  })
  const housekeeping = startHousekeeping({
    async run(signal) {
      try {
        await parts.clock.synchronise()
        clockAlert.look()
        metrics?.onClock(parts.clock.hold()?.aheadMs ?? 0)
        const report = await runHousekeeping(parts, signal)
        await parts.usage.flush()
        await rollUpUsage(parts.store)
        await parts.store.maintain(signal)
        metrics?.onHousekeeping(report, machineClock.now())
        return report
      } catch (error) {
        metrics?.onHousekeeping(null, machineClock.now())
        throw error
      }
    },
    intervalMs: config.HOUSEKEEPING_INTERVAL_SECONDS * 1000,
    onReport: (report) => log.debug(report, 'housekeeping'),
    onError(error) {
      if (isUnavailable(error)) outages.report('database', error)
      log.error({ code: codeOf(error) }, 'housekeeping could not run; it is tried again')
    },
  })
  const operators = await startOperators(opened, config, log)
  const listener = startListener(opened, config, { log, metrics })
  log.info(summaryOf(config), 'started')
  return {
    url,
    metricsUrl: metricsServer?.url ?? null,
    housekeeping,
    async close() {
      const endsAtMs = performance.now() + config.SHUTDOWN_TIMEOUT_MS
      // A round ends after its current group of keys, within the same timeout as the requests.
      const housekeepingStopped = housekeeping.stop()
      // Streams do not end by themselves.
      opened.parts.changes.close()
      const { cutRequests } = await server.close()
      const leftMs = Math.max(1, endsAtMs - performance.now())
      const isRestOver = await settlesWithin(leftMs, Promise.all([housekeepingStopped, operators?.close()]))
      const closeAll = async () => {
        await listener.close()
        await metricsServer?.close()
        await opened.close()
        await observer.close()
      }
      if (cutRequests === 0 && isRestOver) {
        await closeAll()
        log.info({}, 'stopped')
        return
      }
      await settlesWithin(closeTimeoutMs, closeAll())
      const { SHUTDOWN_TIMEOUT_MS: timeoutMs } = config
      const cut = { cutRequests, cutOther: !isRestOver }
      log.error({ ...cut, timeoutMs }, 'stopped before everything was finished')
      throw new CutOffError('something was cut off')
    },
  }
}

/**
 * Starts the server of operator commands, if only this process can open the data. Without its socket, the server still
 * answers its callers.
 */
async function startOperators(
  { parts }: OpenedParts,
  { DATA_FOLDER: dataFolder }: Config,
  log: Log,
): Promise<OperatorServer | null> {
  if (parts.store.kind !== 'embedded' || !hasOperatorSockets) return null
  try {
    return await startOperatorServer({ dataFolder, services: { parts }, log })
  } catch (error) {
    log.warn({ code: codeOf(error) }, 'operator commands cannot reach this server while it runs')
    return null
  }
}

/** Listens for changes of all replicas, for the key cache and for subscriptions. */
function startListener(
  { parts: { keys, changes, store } }: OpenedParts,
  { CACHE_LIFETIME_MS: lifetimeMs }: Config,
  { log, metrics }: { log: Log; metrics: Observer['metrics'] },
): KeyChangeListener {
  return store.listen({
    onChange(change) {
      keys.invalidate(change.projectId, change.id)
      changes.onChange(change)
    },
    onGap() {
      keys.clear()
      changes.onGap()
    },
    onListening() {
      // The embedded database has no other replicas.
      if (store.kind === 'postgres') log.info({}, 'listening for changes made by other replicas')
      metrics?.onListener(true)
    },
    onLost(reason) {
      metrics?.onListener(false)
      log.warn(
        { reason, lifetimeMs },
        'not listening for changes made by other replicas: until it does, they take effect within the cache lifetime',
      )
    },
  })
}

/** First line of the log: release and important settings, without names, addresses or secrets. */
function summaryOf(config: Config): object {
  return {
    version: productVersion(),
    node: process.versions.node,
    database: config.DATABASE_URL === null ? 'embedded' : 'postgresql',
    rootKeyProvider: config.ROOT_KEY_PROVIDER,
    developmentMode: config.developmentMode,
    metrics: config.METRICS_PORT !== null,
    graphiql: config.GRAPHIQL,
    introspection: config.INTROSPECTION,
    trustedDocuments: config.TRUSTED_DOCUMENTS,
    logLevel: config.LOG_LEVEL,
  }
}

/** Code of an error for the log. Its message may contain anything. */
function codeOf(error: unknown): string {
  const trouble = databaseTroubleOf(error) ?? systemTroubleOf(error)
  return trouble?.code ?? (error instanceof Error ? error.name : 'unknown')
}
