import { rollUpUsage } from './audit/write/roll-up.ts'
import type { AuditWriter } from './audit/write/writer.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { createDevIssuer } from './auth/dev-issuer.ts'
import { createTrustedIssuers } from './auth/jwks.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import type { SlowWorkScheduler } from './crypto/slow-work.ts'
import { createClockAlert, describeHold } from './keys/housekeeping/clock-alert.ts'
import { runHousekeeping } from './keys/housekeeping/housekeeping.ts'
import { type Housekeeping, startHousekeeping } from './keys/housekeeping/scheduler.ts'
import { asUnavailable } from './keys/requests/audit-context.ts'
import { createLog, type Log } from './log.ts'
import { openFilesLimit, shareOpenFiles } from './open-files.ts'
import { type Observer, openObserver } from './open-observer.ts'
import { type OpenedParts, type OpenOptions, openParts } from './open-parts.ts'
import { type OperatorServer, startOperatorServer } from './operator/server.ts'
import { hasOperatorSockets } from './operator/socket.ts'
import { createOutages, type Outages } from './outages.ts'
import { createReadiness } from './readiness.ts'
import { createContext } from './schema/context.ts'
import { schema } from './schema/index.ts'
import { type Listener, openListener } from './server/http/listener.ts'
import { createServer } from './server/http/server.ts'
import { createStartingAnswers } from './server/http/starting.ts'
import { databaseTroubleOf } from './store/database-trouble.ts'
import { isUnavailable } from './store/errors.ts'
import type { KeyChangeListener } from './store/key-changes.ts'
import { systemTroubleOf } from './system-errors.ts'
import { settlesWithin } from './timeout.ts'
import { productVersion } from './version.ts'

/** A running Keystead. */
export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:4600`. */
  readonly url: string
  /** Where its metrics are; null where they are off. */
  readonly metricsUrl: string | null
  readonly housekeeping: Housekeeping
  /**
   * Finishes what is under way within SHUTDOWN_TIMEOUT_MS, and lets go of everything.
   *
   * @throws CutOffError once that is done, if something was cut off
   */
  close(): Promise<void>
}

/** A stop could not wait for everything. The log says how much was cut off. */
export class CutOffError extends Error {}

/** How long letting go may take where something was cut off, which may hold on to it for ever. */
const letGoTimeoutMs = 2000

/** What tests may replace; the real things otherwise. */
export interface AppOptions {
  /** Stands for the database's clock, and for this machine's where tokens are verified. */
  readonly clock?: Clock
  /** Stands for the clocks of the database and of this machine, and for the time that passes: see OpenOptions. */
  readonly time?: NonNullable<OpenOptions['time']>
  readonly log?: Log
  /** Told of each SQL statement. */
  readonly onStatement?: (sql: string) => void
  /** Only for benchmarks, to measure what the audit trail costs: no setting replaces it. */
  readonly audit?: AuditWriter
  /** For tests that count slow work, or hold it up. */
  readonly slowWork?: SlowWorkScheduler
}

/**
 * Builds the server from its configuration and starts it. Everything that can be wrong with a set-up fails here. The
 * port answers from the beginning on, with 503 and what the start is at.
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

/** What a server is made of besides its data. */
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
  const fetching = { onFetch: metrics?.onFetch, onFailure: outages.reportIssuer }
  const server = createServer(
    {
      config,
      log,
      schema,
      createContext: (call) => createContext({ parts, call }),
      authenticator: createAuthenticator({
        config,
        clock: machineClock,
        issuers: devIssuer === null ? createTrustedIssuers(config, fetching) : [devIssuer.issuer],
      }),
      devTokens: devIssuer,
      checkReady: createReadiness(parts, outages),
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
      // A round ends after the group of keys that it is at: it has as long as the requests.
      const housekeepingStopped = housekeeping.stop()
      // Streams have no end of their own that closing could wait for.
      opened.parts.changes.close()
      const { cutRequests } = await server.close()
      const leftMs = Math.max(1, endsAtMs - performance.now())
      const isRestOver = await settlesWithin(leftMs, Promise.all([housekeepingStopped, operators?.close()]))
      const letGo = async () => {
        await listener.close()
        await metricsServer?.close()
        await opened.close()
        await observer.close()
      }
      if (cutRequests === 0 && isRestOver) {
        await letGo()
        log.info({}, 'stopped')
        return
      }
      await settlesWithin(letGoTimeoutMs, letGo())
      const { SHUTDOWN_TIMEOUT_MS: timeoutMs } = config
      const cut = { cutRequests, cutOther: !isRestOver }
      log.error({ ...cut, timeoutMs }, 'stopped before everything was finished')
      throw new CutOffError('something was cut off')
    },
  }
}

/**
 * Operators' commands come through a socket where only this process can open the data. A server without it serves its
 * callers all the same.
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

/** All replicas' changes are heard of at once: by the caches of keys, and by the streams of changes. */
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

/** What an operator wants to know first of a log: what runs and how, without names, addresses or secrets. */
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

/** What of an error may be in the log: its message can hold anything. */
function codeOf(error: unknown): string {
  const trouble = databaseTroubleOf(error) ?? systemTroubleOf(error)
  return trouble?.code ?? (error instanceof Error ? error.name : 'unknown')
}
