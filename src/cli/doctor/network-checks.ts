import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import { json } from 'node:stream/consumers'
import { KeySetError } from '../../auth/errors.ts'
import { createTrustedIssuers, type IssuerTrouble } from '../../auth/jwks.ts'
import { dayMs } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { counted } from '../../counted.ts'
import { type Check, failed, passed, skipped, warned } from '../../operator/check.ts'
import { CertificateError, readTlsFiles } from '../../tls-files.ts'
import { secretFileProblems } from './system-checks.ts'

/** Timeout for the answer of a running server, in milliseconds. */
const serverMs = 12_000

/** Fetches the keys of all issuers, as a server does at its start. */
export async function checkIssuers(config: Config): Promise<Check> {
  const name = 'issuers'
  if (config.developmentMode) return passed(name, 'The server issues tokens itself (development mode).')
  const troubles: IssuerTrouble[] = []
  try {
    const issuers = createTrustedIssuers(config, { onFailure: (trouble) => troubles.push(trouble) })
    await Promise.all(issuers.map(({ keySource }) => keySource.refresh?.()))
    const keyless = issuers.filter(({ keySource }) => keySource.hasEverHadKeys?.() === false)
    if (keyless.length === 0 && troubles.length === 0) {
      return passed(
        name,
        `The keys of ${counted(issuers.length, 'entry').replace('entrys', 'entries')} can be read.`,
      )
    }
    const finding = troubles
      .map(
        ({ entry, url, code, text }) =>
          `Entry "${entry}": the keys at ${url} cannot be used (${code}). ${text}`,
      )
      .join(' ')
    const advice =
      'Correct the address, or the way to it (docs/tokens.md). Tokens of these entries are not accepted.'
    return keyless.length === issuers.length ? failed(name, finding, advice) : warned(name, finding, advice)
  } catch (error) {
    if (!(error instanceof KeySetError)) throw error
    return failed(name, `${error.message}.`, 'Run keystead auth check, and correct the file.')
  }
}

/** Asks the running server for its health, if there is one. */
export async function checkServer({ HOST, PORT, TLS_CERT_FILE }: Config): Promise<Check> {
  const name = 'server'
  if (PORT === 0) return skipped(name, 'PORT is 0, so that the address of the server is unknown.')
  const host =
    HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '[::1]' : HOST.includes(':') ? `[${HOST}]` : HOST
  const isTls = TLS_CERT_FILE !== null
  const url = `${isTls ? 'https' : 'http'}://${host}:${PORT}/readyz`
  try {
    const signal = AbortSignal.timeout(serverMs)
    // The certificate is for another name than the address of this machine. Nothing secret is sent.
    const request = isTls ? https.get(url, { signal, rejectUnauthorized: false }) : http.get(url, { signal })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const { status, reason } = (await json(response)) as { status?: string; reason?: string }
    if (response.statusCode === 200) return passed(name, `The server at ${host}:${PORT} is ready.`)
    return failed(
      name,
      `The server at ${host}:${PORT} is ${status ?? 'not ready'}. ${reason ?? ''}`.trim(),
      'Its log has the cause; docs/runbook.md describes each.',
    )
  } catch {
    return skipped(name, `No server answers at ${host}:${PORT}.`)
  }
}

/** Days before the expiry of a certificate from which it is reported. */
const expiryDays = 14

/** Reads the certificate of the server and its key. */
export async function checkCertificate(config: Config): Promise<Check> {
  const name = 'certificate'
  if (secretFileProblems(config).length > 0)
    return skipped(name, 'The check of files names a file to correct first.')
  try {
    const pair = await readTlsFiles(config, { warn: () => {} })
    if (pair === null) return passed(name, 'The server has no certificate: it speaks plain HTTP.')
    const days = Math.floor((pair.expiresAt.getTime() - Date.now()) / dayMs)
    const text = `The certificate matches its key, and expires at ${pair.expiresAt.toISOString()}.`
    if (days >= expiryDays) return passed(name, text)
    return warned(
      name,
      text,
      'Renew it, and replace both files; the server takes them over while it runs (docs/tls.md).',
    )
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    return failed(
      name,
      `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`,
      'See docs/tls.md.',
    )
  }
}
