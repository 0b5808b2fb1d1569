import type { AuditKeys } from './audit/chain.ts'
import { type Retention, startRetention } from './audit/prune/retention.ts'
import { type Exporter, startExporter } from './audit/sinks/exporter.ts'
import { createFileSink } from './audit/sinks/file-sink.ts'
import { createOtlpSink, readHeaders } from './audit/sinks/otlp-sink.ts'
import { type Sink, type SinkName, sinkNames, sinkTroubleOf } from './audit/sinks/sink.ts'
import { createWebhookSink, readWebhookSecrets } from './audit/sinks/webhook-sink.ts'
import { checkpointJwk } from './audit/verify/checkpoint.ts'
import type { Config } from './config.ts'
import { IntegrityError } from './keyring/integrity-error.ts'
import type { Warn } from './keyring/root-key-provider.ts'
import type { Dependencies } from './keys/parts/dependencies.ts'
import type { Log } from './log.ts'
import type { Outages } from './outages.ts'
import { readSecretFile, SecretFileError } from './secret-file.ts'
import type { Metrics } from './server/observe/metrics.ts'
import { isUnavailable } from './store/errors.ts'
import { productVersion } from './version.ts'

const minuteMs = 60_000
const mebibyte = 1_048_576

/** A sink of the audit trail cannot be used as it is configured. For the operator. */
export class SinkConfigError extends Error {}

/** Names of the sinks that are configured. */
export function sinkNamesOf(config: Config): readonly SinkName[] {
  return sinkNames.filter((name) => config[settingOf[name]] !== null)
}

/** Setting that configures each sink. */
const settingOf = {
  file: 'AUDIT_SINK_FILE_FOLDER',
  webhook: 'AUDIT_SINK_WEBHOOK_URL',
  s3: 'AUDIT_SINK_S3_BUCKET_URL',
  otlp: 'AUDIT_SINK_OTLP_URL',
} as const satisfies Record<SinkName, keyof Config>

/**
 * Builds the configured sinks. Whether they can be reached is not asked: a sink that is away must not keep the server from
 * starting.
 *
 * @throws SinkConfigError if one of them could never work
 */
export async function openSinks(config: Config, keys: AuditKeys, warn: Warn): Promise<readonly Sink[]> {
  return Promise.all(sinkNamesOf(config).map((name) => openers[name](config, { keys, warn })))
}

/** What sinks are built from besides the settings. */
interface SinkOpening {
  readonly keys: AuditKeys
  readonly warn: Warn
}

const openers: Readonly<Record<SinkName, (config: Config, options: SinkOpening) => Promise<Sink>>> = {
  async file({ AUDIT_SINK_FILE_FOLDER: folder, ...config }) {
    const sink = createFileSink({
      folder: folder ?? '',
      bytesMax: config.AUDIT_SINK_FILE_MEBIBYTES_MAX * mebibyte,
      ageMsMax: config.AUDIT_SINK_FILE_MINUTES_MAX * minuteMs,
    })
    await sink.check().catch((error: unknown) => {
      const { code, text } = sinkTroubleOf(error)
      throw new SinkConfigError(`AUDIT_SINK_FILE_FOLDER=${folder} cannot be written (${code}). ${text}`)
    })
    return sink
  },
  async webhook({ AUDIT_SINK_WEBHOOK_URL: url, AUDIT_SINK_WEBHOOK_SECRET_FILE: file }, { warn }) {
    const secrets = readWebhookSecrets(await readSecretOf('AUDIT_SINK_WEBHOOK_SECRET_FILE', file, warn))
    if (secrets === null) {
      throw new SinkConfigError(
        `AUDIT_SINK_WEBHOOK_SECRET_FILE=${file} must have a secret on each line: "whsec_" and the base64 of 24 to 64 random bytes. Make one with: echo "whsec_$(openssl rand -base64 32)"`,
      )
    }
    return createWebhookSink({ url: url ?? '', secrets })
  },
  async s3({ AUDIT_SINK_S3_CREDENTIALS_FILE: file, ...config }, { keys, warn }) {
    const { createS3Sink, readS3Credentials } = await import('./audit/sinks/s3-sink.ts')
    const readCredentials = async () => {
      const credentials = readS3Credentials(await readSecretOf('AUDIT_SINK_S3_CREDENTIALS_FILE', file, warn))
      if (credentials !== null) return credentials
      throw new SinkConfigError(
        `AUDIT_SINK_S3_CREDENTIALS_FILE=${file} must have the lines "aws_access_key_id = …" and "aws_secret_access_key = …"`,
      )
    }
    await readCredentials()
    const { kid = '' } = await checkpointJwk(keys.checkpointKey)
    return createS3Sink({
      bucketUrl: (config.AUDIT_SINK_S3_BUCKET_URL ?? '').replace(/\/$/, ''),
      region: config.AUDIT_SINK_S3_REGION,
      prefix: `${config.AUDIT_SINK_S3_PREFIX}/`,
      installation: kid,
      readCredentials,
    })
  },
  async otlp(
    { AUDIT_SINK_OTLP_URL: url, AUDIT_SINK_OTLP_HEADERS_FILE: file, OTEL_SERVICE_NAME: name },
    { warn },
  ) {
    const text = file === null ? '' : await readSecretOf('AUDIT_SINK_OTLP_HEADERS_FILE', file, warn)
    const headers = readHeaders(text)
    if (headers === null) {
      throw new SinkConfigError(`AUDIT_SINK_OTLP_HEADERS_FILE=${file} must have "Name: value" on each line`)
    }
    return createOtlpSink({ url: url ?? '', headers, service: { name, version: productVersion() } })
  },
}

async function readSecretOf(name: string, path: string | null, warn: Warn): Promise<string> {
  return readSecretFile(path ?? '', { what: `file of ${name}`, warn }).catch((error: unknown) => {
    throw error instanceof SecretFileError ? new SinkConfigError(error.message) : error
  })
}

/** Starts the export of the audit trail to the sinks; it does nothing without one. */
export function startSinks(
  config: Config,
  { store, clock, auditKeys, alert, onOutage }: Dependencies,
  {
    sinks,
    metrics,
    outages,
  }: { readonly sinks: readonly Sink[]; readonly metrics: Metrics | null; readonly outages: Outages },
): Exporter {
  return startExporter({
    store,
    clock,
    keys: auditKeys,
    sinks,
    batchEvents: config.AUDIT_SINK_BATCH_EVENTS,
    batchMs: config.AUDIT_SINK_BATCH_SECONDS * 1000,
    timeoutMs: config.AUDIT_SINK_TIMEOUT_SECONDS * 1000,
    checkpointMs: config.AUDIT_CHECKPOINT_MINUTES === 0 ? null : config.AUDIT_CHECKPOINT_MINUTES * minuteMs,
    listener: {
      onLag: (sink, lag) => metrics?.onSinkLag(sink, lag),
      onSent: (sink, events) => metrics?.onSinkSent(sink, events),
      onCheckpoint: () => {},
      onFailure(sink, error) {
        metrics?.onSinkFailure(sink)
        if (isUnavailable(error)) onOutage('database', error)
        else outages.reportSink(sink, sinkTroubleOf(error))
      },
      onForgedPosition(sink, chainId) {
        const how = `the position of the sink ${sink} was changed outside of the server, and the sink begins anew with the chain`
        alert(new IntegrityError('audit chain', chainId, how))
      },
      onNoCheckpoint: (reason) => alert(new IntegrityError('audit chain', 'for a checkpoint', reason)),
    },
  })
}

/** Starts pruning by age; null if records are kept for ever. */
export function startConfiguredRetention(
  config: Config,
  { store, clock, audit, auditKeys, alert, onOutage, settings }: Dependencies,
  log: Log,
): Retention | null {
  if (config.AUDIT_RETENTION_DAYS === null) return null
  return startRetention({
    store,
    clock,
    keys: auditKeys,
    audit,
    days: config.AUDIT_RETENTION_DAYS,
    sinks: settings.auditSinks,
    intervalMs: config.HOUSEKEEPING_INTERVAL_SECONDS * 1000,
    onPruned: (report) => log.info(report, 'pruned the audit trail'),
    onRefused: (reason) => alert(new IntegrityError('audit chain', 'for automatic pruning', reason)),
    onError(error) {
      if (isUnavailable(error)) onOutage('database', error)
      else
        log.error(
          { code: sinkTroubleOf(error).code },
          'the audit trail could not be pruned; it is tried again',
        )
    },
  })
}
