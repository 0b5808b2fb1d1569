import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Caller } from '../keys/rules/caller.ts'
import { readCaller } from './claims.ts'
import { UnauthenticatedError } from './errors.ts'
import { claimedName, issuerOf, type TrustedIssuer } from './trusted-issuer.ts'
import { verifyToken } from './verify-token.ts'

/** Longest time that a verified token is cached, in milliseconds. */
const callerLifetimeMaxMs = 60_000
/** Most callers with a verified token that are remembered. */
const knownNamesMax = 10_000

/** Authenticates requests. */
export interface Authenticator {
  /**
   * Verifies the token in an Authorization header.
   *
   * @throws UnauthenticatedError or IssuerUnavailableError
   */
  authenticate(authorization: string | null): Promise<Caller>
  /** The caller of a token that is cached as verified; null for other tokens. Checks no signature. */
  recognise(authorization: string | null): Caller | null
  /**
   * True if the token names a caller of whom some token was verified before. The name is not verified, so that it allows
   * nothing. It keeps limits on made-up tokens from locking out known callers.
   */
  expects(authorization: string | null): boolean
}

/** Builds the authenticator for tokens of these issuers. */
export function createAuthenticator(options: {
  config: Config
  clock: Clock
  issuers: readonly TrustedIssuer[]
}): Authenticator {
  const { config, clock, issuers } = options
  if (issuers.length === 0) throw new TypeError('the configuration names no issuer')
  const callers = createCallerCache({
    clock,
    lifetimeMs: Math.min(callerLifetimeMaxMs, config.AUTH_JWKS_CACHE_MINUTES * 60_000),
  })
  // Only names from verified tokens, so that made-up tokens cannot evict a caller.
  const knownNames = new LRUCache<string, true>({ max: knownNamesMax })
  return {
    async authenticate(authorization) {
      const token = readBearerToken(authorization)
      return callers.get(token, async () => {
        const issuer = issuerOf(token, issuers)
        const caller = readCaller(await verifyToken(token, { issuer, config, clock }), issuer.claims)
        assertMaySpeakFor(issuer, caller)
        const name = claimedName(token)
        if (name !== null) knownNames.set(name, true)
        return caller
      })
    },
    recognise(authorization) {
      const token = bearerTokenOf(authorization)
      return token === null ? null : callers.find(token)
    },
    expects(authorization) {
      const token = bearerTokenOf(authorization)
      const name = token === null ? null : claimedName(token)
      return name !== null && knownNames.get(name) === true
    },
  }
}

/** Refuses callers of projects or kinds for which the issuer is not trusted. */
function assertMaySpeakFor({ projects, kinds }: TrustedIssuer, { projectId, kind }: Caller): void {
  if (projects !== null && !projects.includes(projectId)) {
    throw new UnauthenticatedError('The issuer of the token is not trusted for the project that it names.')
  }
  if (kinds !== null && !kinds.includes(kind)) {
    throw new UnauthenticatedError('The issuer of the token is not trusted for callers of its kind.')
  }
}

/** Reads the token of the Bearer scheme (RFC 6750 §2.1). Two headers, joined by a comma, are invalid. */
function readBearerToken(authorization: string | null): string {
  if (authorization === null || authorization === '') {
    throw new UnauthenticatedError(
      'A token is required: send the header "Authorization: Bearer TOKEN".',
      'Bearer realm="keystead"',
    )
  }
  const token = bearerTokenOf(authorization)
  if (token === null) {
    throw new UnauthenticatedError('The Authorization header must be "Bearer TOKEN" with one token.')
  }
  return token
}

function bearerTokenOf(authorization: string | null): string | null {
  const [, token] = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? '') ?? []
  return token ?? null
}

/** Most tokens in the cache. */
const tokensMax = 10_000

/** Cache of verified tokens, so that a signature is not checked with each request. */
export interface CallerCache {
  /** The caller of a token: cached, or verified now. Failures are not cached. */
  get(token: string, verify: () => Promise<Caller>): Promise<Caller>
  /** The caller of a cached token; null for other tokens. */
  find(token: string): Caller | null
}

interface Entry {
  readonly caller: Caller
  readonly verifiedAtMs: number
}

/** Builds the cache. `lifetimeMs` bounds how long a token counts after its issuer has withdrawn the signing key. */
export function createCallerCache({
  clock,
  lifetimeMs,
  size = tokensMax,
}: {
  clock: Clock
  lifetimeMs: number
  size?: number
}): CallerCache {
  const verified = new LRUCache<string, Entry>({ max: size })
  // Separate from the verified ones, so that a flood of bad tokens cannot evict these.
  const pendingVerifications = new Map<string, Promise<Caller>>()

  function isGood({ caller, verifiedAtMs }: Entry): boolean {
    const nowMs = clock.now().getTime()
    const ageMs = nowMs - verifiedAtMs
    // A clock that is set back must not extend the lifetime.
    return ageMs >= 0 && ageMs < lifetimeMs && nowMs < caller.tokenExpiresAt.getTime()
  }

  async function verifyAndRemember(digest: string, verify: () => Promise<Caller>): Promise<Caller> {
    const verifiedAtMs = clock.now().getTime()
    const caller = await verify()
    verified.set(digest, { caller, verifiedAtMs })
    return caller
  }

  function findVerified(digest: string): Caller | null {
    const known = verified.get(digest)
    if (known === undefined) return null
    if (isGood(known)) return known.caller
    verified.delete(digest)
    return null
  }

  return {
    find: (token) => findVerified(digestOf(token)),
    async get(token, verify) {
      const digest = digestOf(token)
      const known = findVerified(digest)
      if (known !== null) return known
      const pending = pendingVerifications.get(digest)
      if (pending !== undefined) return pending
      const verification = verifyAndRemember(digest, verify).finally(() =>
        pendingVerifications.delete(digest),
      )
      pendingVerifications.set(digest, verification)
      return verification
    },
  }
}

/** Digest of a token. A token in memory could be replayed. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}
