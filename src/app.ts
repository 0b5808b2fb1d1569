import { keepPartitions } from './audit/partitions.ts'
import type { Retention } from './audit/prune/retention.ts'
import type { Exporter } from './audit/sinks/exporter.ts'
import { dropOldHours, rollUpUsage } from './audit/write/roll-up.ts'
import type { AuditWriter } from './audit/write/writer.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import type { LoginProvider } from './auth/console-login.ts'
import { createDevIssuer, type DevIssuer } from './auth/dev-issuer.ts'
import { createTrustedIssuers, fetchMissingKeys } from './auth/jwks.ts'
import type { Renewals } from './auth/renewals.ts'
import type { TrustedIssuer } from './auth/trusted-issuer.ts'
import { type Clock, settlesWithin, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import type { SlowWorkScheduler } from './crypto/slow-work.ts'
import { createKeySets } from './keys/changing/key-sets.ts'
import { createClockAlert, describeHold } from './keys/housekeeping/clock-alert.ts'
import { nothingDone, runHousekeeping } from './keys/housekeeping/housekeeping.ts'
import { type Housekeeping, startHousekeeping } from './keys/housekeeping/scheduler.ts'
import type { Dependencies } from './keys/parts/dependencies.ts'
import { asUnavailable } from './keys/parts/request.ts'
import { createLog, type Log } from './log.ts'
import { budgetMemory } from './memory-limit.ts'
import { openFilesLimit, shareOpenFiles } from './open-files.ts'
import { openLogin } from './open-login.ts'
import { type Observer, openObserver } from './open-observer.ts'
import { type OpenedParts, type OpenOptions, openParts } from './open-parts.ts'
import { openSinks, startConfiguredRetention, startSinks } from './open-sinks.ts'
import { type OperatorServer, startOperatorServer } from './operator/server.ts'
import { hasOperatorSockets } from './operator/socket.ts'
import { createOutages, type Outages } from './outages.ts'
import { createReadiness } from './readiness.ts'
import { type Reload, startReload } from './reload.ts'
import { createContextFactory } from './schema/context.ts'
import { schema } from './schema/index.ts'
import { withPrefix } from './schema/prefix.ts'
import { createStartingAnswers } from './server/http/health.ts'
import { type Listener, openListener, type TlsPair } from './server/http/listener.ts'
import type { MetricsServer } from './server/http/metrics-server.ts'
import { createServer, type Server } from './server/http/server.ts'
import { databaseTroubleOf } from './store/database-trouble.ts'
import { isUnavailable } from './store/errors.ts'
import type { KeyChangeListener } from './store/key-changes.ts'
import { systemTroubleOf } from './system-errors.ts'
import { readTlsFiles } from './tls-files.ts'
import { productVersion } from './version.ts'

/** A running Keystead. */
export interface App {
  /** URL of the API, e.g. `http://127.0.0.1:4600`. */
  readonly url: string
  /** True if the console is served at `/`. */
  readonly hasConsole: boolean
  /** URL of the metrics; null where they are off. */
  readonly metricsUrl: string | null
  readonly housekeeping: Housekeeping
  /** Reads the certificate and the root keys again. What cannot be read is logged, and stays as it was. */
  reload(): Promise<void>
  /** Begins to do the housekeeping of a server with several workers. */
  keepHouse(): void
  /** Values of all metrics; null where they are off. */
  readMetrics(): Promise<unknown>
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

/** A worker of a server with several of them. */
export interface WorkerRole {
  readonly number: number
  /** False to open the port only when the worker can serve: until then, others do. */
  readonly opensEarly: boolean
  /** Processors for slow cryptography. */
  readonly processors: number
  /** Renewals of logins, shared with the other workers. */
  readonly renewals: Renewals
}

/** The role of the process, and parts that tests may replace. */
export interface AppOptions {
  /** Given in a worker: it leaves metrics to the primary process, and housekeeping to the worker that is told to do it. */
  readonly worker?: WorkerRole
  /** Replaces the clock of the database, and the clock of this machine that tokens are verified with. */
  readonly clock?: Clock
  /** Replaces both clocks and the measured time: see OpenOptions. */
  readonly time?: NonNullable<OpenOptions['time']>
  readonly log?: Log
  /** Called for each SQL statement. */
  readonly onStatement?: (sql: string) => void
  /** For benchmarks that measure the cost of the audit trail. No setting replaces it. */
  readonly audit?: AuditWriter
  /** Replaces the folder of the built console. */
  readonly consoleFolder?: string
  /** For tests that count or delay slow work. */
  readonly slowWork?: SlowWorkScheduler
}

/**
 * Starts the server from its configuration. It passes these steps in the order in which they are written; if one fails,
 * such as for a wrong setting, those before it are undone. During the start, the port answers with 503 and the stage.
 */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const { worker } = options
  const { log = createLog(config.LOG_LEVEL, undefined, worker?.number) } = options
  const machineClock = options.clock ?? options.time?.clock ?? systemClock
  const undo = new AsyncDisposableStack()
  try {
    const observer = undo.adopt(await openObserver(config, worker !== undefined), (each) => each.close())
    const shared: Shared = { config, log, machineClock, observer, outages: createOutages(log), worker }
    const openUndonePort = async () => undo.adopt(await openPort(shared), (each) => each.listener.cut())
    const early = worker?.opensEarly === false ? null : await openUndonePort()
    const opened = undo.adopt(await openData(shared, options, early?.setStage), (each) => each.close())
    const { parts } = opened
    const sinks = await openSinks(config, parts.auditKeys, (text) => log.warn({}, text))
    const issuers = await openIssuers(shared)
    const { listener, pair } = early ?? (await openUndonePort())
    const server = createApi(shared, options, { parts, listener, ...issuers })
    const metricsServer = undo.adopt(await observer.serve(parts, server.load), (each) => each?.close())
    server.serve()
    const house = { isKept: worker === undefined }
    const housekeeping = undo.adopt(scheduleHousekeeping(shared, parts, house), (each) => each.stop())
    const sending = { sinks, metrics: observer.metrics, outages: shared.outages }
    const exporter = undo.adopt(startSinks(config, parts, sending), (each) => each.stop())
    const retention = undo.adopt(startConfiguredRetention(config, parts, log), (each) => each?.stop())
    const operators = undo.adopt(await startOperators(shared, parts), (each) => each?.close())
    const rootKeys = parts.rootKeys
    const { onCertificate } = observer.metrics ?? {}
    const reload = startReload({ config, log, listener, pair, rootKeys, onCertificate })
    undo.defer(() => reload.close())
    const replicas = undo.adopt(listenToReplicas(shared, parts), (each) => each.close())
    log.info(summaryOf(config), 'started')
    const running = {
      opened,
      server,
      metricsServer,
      housekeeping,
      exporter,
      retention,
      operators,
      replicas,
      reload,
    }
    return {
      url: listener.url,
      hasConsole: server.hasConsole,
      metricsUrl: metricsServer?.url ?? null,
      housekeeping,
      reload: reload.now,
      keepHouse() {
        house.isKept = true
        housekeeping.runSoon()
      },
      readMetrics: observer.readValues,
      close: () => stop(shared, running),
    }
  } catch (error) {
    // The first error says why the start failed.
    await undo.disposeAsync().catch(() => {})
    throw error
  }
}

/** Parts that the steps of a start and of a stop share. */
interface Shared {
  readonly config: Config
  readonly log: Log
  /** The clock of this machine, for tokens. */
  readonly machineClock: Clock
  readonly observer: Observer
  readonly outages: Outages
  readonly worker: WorkerRole | undefined
}

/** Opens the port, with as many connections as the limit of open files allows. */
async function openPort({ config, log, observer, outages, worker }: Shared): Promise<{
  readonly listener: Listener
  /** Certificate and key in use; null without TLS. */
  readonly pair: TlsPair | null
  /** Sets the stage of the start that requests are told. */
  readonly setStage: (stage: string) => void
}> {
  const starting = createStartingAnswers()
  const { connectionsMax, isShort } = shareOpenFiles(config, openFilesLimit())
  if (isShort) {
    log.warn(
      { connectionsMax, wanted: config.CONNECTIONS_MAX },
      'the limit of open files of this process (ulimit -n, LimitNOFILE) leaves room for fewer connections than CONNECTIONS_MAX',
    )
  }
  const { isShort: hasLittleMemory, ...memory } = budgetMemory(config)
  // For workers, the primary process has looked.
  if (hasLittleMemory && worker === undefined) {
    log.warn(
      memory,
      'the memory limit of this process is below what the server needs: above it, the kernel ends the process without a message (exit code 137)',
    )
  }
  const pair = await readTlsFiles(config, { warn: (text) => log.warn({}, text) })
  if (pair !== null) observer.metrics?.onCertificate(pair.expiresAt)
  const listener = await openListener(config, {
    handler: starting.handle,
    tls: pair,
    connectionsMax,
    onFull: () => outages.reportFull(connectionsMax),
  })
  return { listener, pair, setStage: starting.setStage }
}

/** Opens the data, and creates what a new installation needs. */
function openData(
  { config, log, observer, outages, worker }: Shared,
  options: AppOptions,
  onStage: (stage: string) => void = () => {},
): Promise<OpenedParts> {
  return openParts(config, {
    ...options,
    ...(worker && { processors: worker.processors }),
    prepare: true,
    observer: observer.parts,
    warn: (text) => log.warn({}, text),
    onStage,
    onOutage: outages.report,
    alert(error: Error) {
      log.error({ alert: 'INTEGRITY' }, error.message)
      observer.metrics?.onAlert()
    },
    onFolderLost: (reason) => log.error({ alert: 'DATA_FOLDER' }, reason),
  })
}

/** Issuers whose tokens are accepted. */
interface Issuers {
  readonly issuers: readonly TrustedIssuer[]
  /** The only issuer in development mode; otherwise null. */
  readonly devTokens: DevIssuer | null
  /** The provider of the console's login; null if the server has no part in it. */
  readonly login: LoginProvider | null
}

/** Opens the issuers. Their keys are fetched in the background, so that a mistake is in the log before the first token. */
async function openIssuers({
  config,
  log,
  machineClock,
  observer,
  outages,
  worker,
}: Shared): Promise<Issuers> {
  const devTokens = config.developmentMode ? await createDevIssuer({ clock: machineClock, config }) : null
  if (devTokens !== null) return { issuers: [devTokens.issuer], devTokens, login: null }
  const issuers = createTrustedIssuers(config, {
    onFetch: observer.metrics?.onFetch,
    onFailure: outages.reportIssuer,
    warn: (text) => log.warn({}, text),
  })
  const login = await openLogin(config, issuers, {
    onFailure: outages.reportLogin,
    warn: (text) => log.warn({}, text),
    ...(worker && { renewals: worker.renewals }),
  })
  fetchMissingKeys(issuers)
  return { issuers, devTokens, login }
}

/** Builds the server of the API. */
function createApi(
  { config, log, machineClock, observer: { metrics, tracing }, outages }: Shared,
  { consoleFolder }: AppOptions,
  {
    parts,
    listener,
    issuers,
    devTokens,
    login,
  }: Issuers & { readonly parts: Dependencies; readonly listener: Listener },
): Server {
  return createServer(
    {
      config,
      log,
      clock: machineClock,
      schema,
      subgraphSchema: config.SUBGRAPH_PREFIX === null ? null : withPrefix(schema, config.SUBGRAPH_PREFIX),
      createContext: createContextFactory(parts),
      authenticator: createAuthenticator({ config, clock: machineClock, issuers }),
      withBoundRoles: parts.callerRoles.of,
      keySets: createKeySets(parts, config.CACHE_LIFETIME_MS),
      devTokens,
      login,
      checkReady: createReadiness(parts, outages, issuers),
      tracing,
      explain: (error) => asUnavailable(parts, error),
      ...(metrics && { onRequest: metrics.onRequest }),
      ...(consoleFolder !== undefined && { consoleFolder }),
    },
    listener,
  )
}

/** Pause in milliseconds after partitions could not be made: writers wait behind each attempt. */
const partitionsRetryMs = 600_000

/**
 * Gives the audit trail its partitions. Where that fails, records have a place in the last partition, so that housekeeping
 * goes on.
 */
function createTrailKeeper({ store, clock }: Dependencies, log: Log): () => Promise<void> {
  let notBeforeMs = 0
  return async () => {
    if (performance.now() < notBeforeMs) return
    try {
      await keepPartitions(store, clock.certainNow())
    } catch (error) {
      notBeforeMs = performance.now() + partitionsRetryMs
      log.warn(
        { code: codeOf(error) },
        'the next partitions of the audit trail could not be made; it is tried again',
      )
    }
  }
}

/**
 * Starts the rounds of housekeeping. One worker of a server does what is due for all; the others keep only what they have in
 * memory up to date. The database would share the work among them as among replicas, but each would look for it.
 */
function scheduleHousekeeping(
  { config, log, machineClock, observer: { metrics }, outages }: Shared,
  parts: Dependencies,
  house: { readonly isKept: boolean },
): Housekeeping {
  const clockAlert = createClockAlert(parts.clock, {
    onHold(hold) {
      log.error({ alert: 'CLOCK', aheadSeconds: Math.round(hold.aheadMs / 1000) }, describeHold(hold))
    },
    onBelieved: () => log.info({}, "the database's clock is believed again"),
  })
  const keepTrail = createTrailKeeper(parts, log)
  return startHousekeeping({
    async run(signal) {
      try {
        await parts.clock.synchronise()
        clockAlert.look()
        metrics?.onClock(parts.clock.hold()?.aheadMs ?? 0)
        if (!house.isKept) {
          await parts.usage.flush()
          return nothingDone
        }
        const report = await runHousekeeping(parts, signal)
        await parts.usage.flush()
        await rollUpUsage(parts.store)
        await dropOldHours(parts.store, parts.clock.certainNow())
        await keepTrail()
        await parts.store.maintain(signal)
        metrics?.onHousekeeping(report, machineClock.now())
        return report
      } catch (error) {
        if (house.isKept) metrics?.onHousekeeping(null, machineClock.now())
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
}

/**
 * Starts the server of operator commands, if only this process can open the data. Without its socket, the server still
 * answers its callers.
 */
async function startOperators({ config, log }: Shared, parts: Dependencies): Promise<OperatorServer | null> {
  if (parts.store.kind !== 'embedded' || !hasOperatorSockets) return null
  try {
    return await startOperatorServer({ dataFolder: config.DATA_FOLDER, services: { parts }, log })
  } catch (error) {
    log.warn({ code: codeOf(error) }, 'operator commands cannot reach this server while it runs')
    return null
  }
}

/** Listens for changes of all replicas, for the key cache and for subscriptions. */
function listenToReplicas(
  { config: { CACHE_LIFETIME_MS: lifetimeMs }, log, observer: { metrics } }: Shared,
  { keys, callerRoles, changes, store }: Dependencies,
): KeyChangeListener {
  return store.listen({
    onChange(change) {
      keys.invalidate(change.projectId, change.id)
      changes.onChange(change)
    },
    onRoles(change) {
      callerRoles.invalidate(change.projectId)
      changes.onRoles(change)
    },
    onGap() {
      keys.clear()
      callerRoles.clear()
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

/** The parts of a running server that a stop ends. */
interface Running {
  readonly opened: OpenedParts
  readonly server: Server
  readonly metricsServer: MetricsServer | null
  readonly housekeeping: Housekeeping
  readonly exporter: Exporter
  readonly retention: Retention | null
  readonly operators: OperatorServer | null
  readonly replicas: KeyChangeListener
  readonly reload: Reload
}

/**
 * Stops the server: finishes accepted work within SHUTDOWN_TIMEOUT_MS, and then closes everything.
 *
 * @throws CutOffError at the end, if something was cut off
 */
async function stop(
  { config: { SHUTDOWN_TIMEOUT_MS: timeoutMs }, log, observer }: Shared,
  { opened, server, metricsServer, housekeeping, exporter, retention, operators, replicas, reload }: Running,
): Promise<void> {
  reload.close()
  const endsAtMs = performance.now() + timeoutMs
  // A round ends after its current group of keys, within the same timeout as the requests.
  const housekeepingStopped = housekeeping.stop()
  // Streams do not end by themselves.
  opened.parts.changes.close()
  const { cutRequests } = await server.close()
  const leftMs = Math.max(1, endsAtMs - performance.now())
  // After the requests, so that the sinks get as much as possible of what they recorded.
  const background = [housekeepingStopped, retention?.stop(), operators?.close(), exporter.stop()]
  const isRestOver = await settlesWithin(leftMs, Promise.all(background))
  const closeAll = async () => {
    await replicas.close()
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
  log.error({ cutRequests, cutOther: !isRestOver, timeoutMs }, 'stopped before everything was finished')
  throw new CutOffError('something was cut off')
}

/** First line of the log: release and important settings, without names, addresses or secrets. */
function summaryOf(config: Config): object {
  return {
    version: productVersion(),
    node: process.versions.node,
    tls: config.TLS_CERT_FILE !== null,
    database: config.DATABASE_URL === null ? 'embedded' : 'postgresql',
    rootKeyProvider: config.ROOT_KEY_PROVIDER,
    developmentMode: config.developmentMode,
    metrics: config.METRICS_PORT !== null,
    console: config.CONSOLE,
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
