import { readFileSync, statSync } from 'node:fs'
import { createLocalJWKSet, errors } from 'jose'
import { IssuerUnavailableError, KeySetError } from './errors.ts'
import { failurePauseMs, type KeySource, type KeyTrust, reportOutages } from './key-lookup.ts'
import { parseKeySet } from './key-set.ts'

type LocalKeys = ReturnType<typeof createLocalJWKSet>

/** How often the file is checked for changes, in milliseconds. */
const checkIntervalMs = 1000

/**
 * Builds a source of keys from a file (JWK Set, RFC 7517 §5). The file is checked for changes once a second, and for each
 * token that names an unknown key or whose signature fails. While it is missing or broken, as during a replacement, its
 * last keys are trusted for their lifetime and for AUTH_JWKS_OUTAGE_MINUTES.
 *
 * @throws KeySetError if it cannot be used now
 */
export function createFileKeySource(path: string, { lifetimeMs, outageMs, onFailure }: KeyTrust): KeySource {
  let state = readState(path)
  let keys = readKeys(path)
  let checkedAtMs = performance.now()
  let confirmedAtMs = checkedAtMs

  function check(): void {
    checkedAtMs = performance.now()
    try {
      // The state is read first, so that the next check sees a change during the read.
      const newState = readState(path)
      if (newState !== state) keys = readKeys(path)
      state = newState
      confirmedAtMs = checkedAtMs
    } catch (error) {
      if (!(error instanceof KeySetError)) throw error
      onFailure?.({
        url: path,
        code: 'BAD_FILE',
        text: `${error.message}. Correct it; its last keys still count.`,
      })
    }
  }

  function currentKeys(): LocalKeys {
    if (performance.now() - checkedAtMs >= checkIntervalMs) check()
    if (performance.now() - confirmedAtMs >= lifetimeMs + outageMs) {
      throw new IssuerUnavailableError(failurePauseMs / 1000)
    }
    return keys
  }

  const find = reportOutages(async (header, token) => {
    try {
      return await currentKeys()(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      check()
      return currentKeys()(header, token)
    }
  })
  return Object.assign(find, {
    holds: (kid: string) => keys.jwks().keys.some((key) => key.kid === kid),
    refresh: async () => check(),
  })
}

/** Fingerprint of a file, which also differs when it is replaced within one tick of the clock. */
function readState(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path)
    return `${ino} ${size} ${mtimeMs}`
  } catch {
    throw new KeySetError(`the file ${path} with the keys of the issuer (AUTH_JWKS_FILE) cannot be read`)
  }
}

function readKeys(path: string): LocalKeys {
  try {
    return createLocalJWKSet(parseKeySet(readFileSync(path, 'utf8')))
  } catch {
    throw new KeySetError(`the file ${path} (AUTH_JWKS_FILE) does not hold a JWK Set: {"keys": [...]}`)
  }
}
