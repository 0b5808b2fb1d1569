import { KeySetError } from '../../auth/errors.ts'
import { createTrustedIssuers, type IssuerTrouble } from '../../auth/jwks.ts'
import type { Config } from '../../config.ts'
import { counted } from '../../counted.ts'
import { type Check, failed, passed, skipped, warned } from '../../operator/check.ts'

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
export async function checkServer({ HOST, PORT }: Config): Promise<Check> {
  const name = 'server'
  if (PORT === 0) return skipped(name, 'PORT is 0, so that the address of the server is unknown.')
  const host =
    HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '[::1]' : HOST.includes(':') ? `[${HOST}]` : HOST
  const url = `http://${host}:${PORT}/readyz`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(serverMs) })
    const { status, reason } = (await response.json()) as { status?: string; reason?: string }
    if (response.ok) return passed(name, `The server at ${host}:${PORT} is ready.`)
    return failed(
      name,
      `The server at ${host}:${PORT} is ${status ?? 'not ready'}. ${reason ?? ''}`.trim(),
      'Its log has the cause; docs/runbook.md describes each.',
    )
  } catch {
    return skipped(name, `No server answers at ${host}:${PORT}.`)
  }
}
