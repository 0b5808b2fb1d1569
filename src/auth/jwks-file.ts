import { readFileSync, statSync } from 'node:fs'
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { IssuerUnavailableError, KeySetError } from './errors.ts'
import type { KeyTrust } from './key-lookup.ts'
import { failurePauseMs, type KeySource, reportOutages } from './key-lookup.ts'

/** How often the file is looked at for changes. */
const checkIntervalMs = 1000

/**
 * Keys in a file (JWK Set, RFC 7517 §5), which is read now and again whenever it changes: it is looked at once a second,
 * and for each token that names an unknown key or whose signature fails. While it is missing or
 * broken, as when it is being replaced, the keys that it held are trusted for their lifetime and the time of an outage.
 *
 * @throws KeySetError if it cannot be used now
 */
export function createFileKeySource(path: string, { lifetimeMs, outageMs, onFailure }: KeyTrust): KeySource {
  let state = readState(path)
  let keys = readKeys(path)
  let checkedAtMs = performance.now()
  let confirmedAtMs = checkedAtMs

  function look(): void {
    checkedAtMs = performance.now()
    try {
      // The state is taken first: a change while the keys are read is then seen at the next look.
      const newState = readState(path)
      if (newState !== state) keys = readKeys(path)
      state = newState
      confirmedAtMs = checkedAtMs
    } catch (error) {
      if (!(error instanceof KeySetError)) throw error
      onFailure?.({
        url: path,
        code: 'BAD_FILE',
        text: `${error.message}. Put it right; its last keys still count.`,
      })
    }
  }

  function currentKeys(): JWTVerifyGetKey {
    if (performance.now() - checkedAtMs >= checkIntervalMs) look()
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
      look()
      return currentKeys()(header, token)
    }
  })
  return Object.assign(find, { lookAgain: async () => look() })
}

/** What tells one state of a file from another, also when it is replaced within one tick of its clock. */
function readState(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path)
    return `${ino} ${size} ${mtimeMs}`
  } catch {
    throw new KeySetError(`the file ${path} with the keys of the issuer (AUTH_JWKS_FILE) cannot be read`)
  }
}

function readKeys(path: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(path, 'utf8')) as JSONWebKeySet)
  } catch {
    throw new KeySetError(`the file ${path} (AUTH_JWKS_FILE) does not hold a JWK Set: {"keys": [...]}`)
  }
}
