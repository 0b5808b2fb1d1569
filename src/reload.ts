import type { Config } from './config.ts'
import { isRootKeyUnavailable, type RootKeyProvider } from './keyring/root-key-provider.ts'
import type { Log } from './log.ts'
import type { Listener, TlsPair } from './server/http/listener.ts'
import { CertificateError, readTlsFiles } from './tls-files.ts'

/** Interval at which the files of the certificate are read again, in milliseconds. */
const lookMs = 10_000

/** Takes over changed files while the server runs. */
export interface Reload {
  /** Reads the certificate and the root keys again. Never rejects; what cannot be read is logged, and stays as it was. */
  now(): Promise<void>
  close(): void
}

/** Parts that a reload changes. */
export interface ReloadParts {
  readonly config: Config
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  readonly listener: Pick<Listener, 'useCertificate'>
  /** The pair in use; null without TLS. */
  readonly pair: TlsPair | null
  readonly rootKeys: Pick<RootKeyProvider, 'reload'>
  /** Called with the expiry of each certificate that is taken over. */
  readonly onCertificate?: ((expiresAt: Date) => void) | undefined
  /** Reads the files of the certificate; {@link readTlsFiles} by default. */
  readonly readFiles?: typeof readTlsFiles
}

/** Starts to look for a changed certificate. Root keys are read again on request only: a rotation reads them by itself. */
export function startReload(parts: ReloadParts): Reload {
  const { config, log, listener, rootKeys, onCertificate, readFiles = readTlsFiles } = parts
  let { pair } = parts
  /** Problem that was logged, so that it is logged once. */
  let told: string | null = null
  /** The running look at the files. A second one would block another thread, and an older read could win. */
  let looking: Promise<void> | null = null

  async function look(isAsked: boolean): Promise<void> {
    try {
      const next = await readFiles(config, { warn: (text) => log.warn({}, text) })
      told = null
      if (next === null || (next.cert === pair?.cert && next.key === pair.key)) return
      listener.useCertificate(next)
      pair = next
      onCertificate?.(next.expiresAt)
      log.info({ expiresAt: next.expiresAt.toISOString() }, 'a new certificate is used')
    } catch (error) {
      const problem = error instanceof CertificateError ? error.message : 'the reason is unknown'
      if (problem === told && !isAsked) return
      told = problem
      log.error(
        { alert: 'CERTIFICATE' },
        `The certificate could not be replaced, and the former one stays in use: ${problem}.`,
      )
    }
  }

  function startLook(isAsked: boolean): Promise<void> {
    looking = look(isAsked).finally(() => {
      looking = null
    })
    return looking
  }

  /** Looks once more after a look that began before the request. */
  async function reloadCertificate(): Promise<void> {
    while (looking !== null) await looking
    await startLook(true)
  }

  function lookIfIdle(): void {
    if (looking === null) void startLook(false)
  }

  async function reloadRootKeys(): Promise<void> {
    try {
      await rootKeys.reload()
      log.info({}, 'the root keys were read again')
    } catch (error) {
      const problem = isRootKeyUnavailable(error) ? error.message : 'the reason is unknown'
      log.error(
        { alert: 'ROOT_KEY' },
        `The root keys could not be read again, and those in memory stay in use: ${problem}.`,
      )
    }
  }

  const timer = pair === null ? undefined : setInterval(lookIfIdle, lookMs)
  timer?.unref()
  return {
    async now() {
      await Promise.all([pair === null ? undefined : reloadCertificate(), reloadRootKeys()])
    },
    close: () => clearInterval(timer),
  }
}
