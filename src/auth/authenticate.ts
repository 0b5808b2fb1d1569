import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Authenticator, Caller } from '../keys/rules/caller.ts'
import { readCaller } from './claims.ts'
import { IssuerUnavailableError, UnauthenticatedError } from './errors.ts'
import { evaluateRules, reservedNameFault } from './evaluate-rules.ts'
import { claimedName, entriesOf, type TrustedIssuer } from './trusted-issuer.ts'
import { otherAudience, type VerifiedPayload, verifyToken } from './verify-token.ts'

/** Longest time that a verified token is cached, in milliseconds. */
const callerLifetimeMaxMs = 60_000
/** Most callers with a verified token that are remembered. */
const knownNamesMax = 10_000

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
  const prefixes = prefixesOf(issuers)

  async function readWith(issuer: TrustedIssuer, token: string): Promise<Caller> {
    try {
      return callerOf(await verifyToken(token, { issuer, config, clock }), issuer, prefixes).caller
    } catch (error) {
      throw error instanceof UnauthenticatedError ? error.of(issuer.name) : error
    }
  }

  return {
    async authenticate(authorization) {
      const token = readBearerToken(authorization)
      return callers.get(token, async () => {
        const caller = await firstAccepted(entriesOf(token, issuers), (issuer) => readWith(issuer, token))
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

/** Names of the entries that put theirs before names of subjects and groups. */
export function prefixesOf(issuers: readonly Pick<TrustedIssuer, 'name' | 'reading'>[]): readonly string[] {
  return issuers
    .filter(({ reading }) => reading.rules?.some(({ prefixNames }) => prefixNames) === true)
    .map(({ name }) => name)
}

/**
 * Result of the first entry that accepts a token. An entry whose keys do not verify it, or that is for another audience, is
 * passed over; any other refusal counts. Without keys of some entry it is not known whether the token is good. If all are passed
 * over, the entry whose keys have verified the token says why.
 */
async function firstAccepted(
  entries: readonly TrustedIssuer[],
  read: (issuer: TrustedIssuer) => Promise<Caller>,
): Promise<Caller> {
  const failures: unknown[] = []
  for (const entry of entries) {
    try {
      return await read(entry)
    } catch (error) {
      failures.push(error)
      const isPassed =
        error instanceof IssuerUnavailableError || (error instanceof UnauthenticatedError && error.isForeign)
      if (!isPassed) throw error
    }
  }
  const isVerified = (failure: unknown) => failure instanceof UnauthenticatedError && failure.isVerified
  throw (
    failures.find((failure) => failure instanceof IssuerUnavailableError) ??
    failures.find(isVerified) ??
    failures[0]
  )
}

/** What a client is told when a rule refuses its token. The log has the entry, the rule and the reason. */
const refusedByRules =
  'The token is valid, but this server has no rule that accepts it. Its log has the reason, under the ID of this request.'

/**
 * The caller that an entry makes of the claims of a token, and the rule that counted, if it has rules.
 *
 * @throws UnauthenticatedError if the entry refuses them
 */
export function callerOf(
  claims: VerifiedPayload,
  issuer: TrustedIssuer,
  prefixes: readonly string[],
): { readonly caller: Caller; readonly rule: number | null } {
  const { reading, name: entry, audiences, projects, kinds } = issuer
  if (reading.rules === undefined) {
    const caller = readCaller(claims, reading.claims)
    assertMaySpeakFor(issuer, caller)
    assertUnreserved(caller, prefixes)
    return { caller, rule: null }
  }
  const set = { entry, audiences, projects, kinds, rules: reading.rules }
  const verdict = evaluateRules(set, { claims, prefixes })
  if ('caller' in verdict) return verdict
  const { reason, rule, isForeign } = verdict
  const message = isForeign ? otherAudience : refusedByRules
  throw new UnauthenticatedError(message, { reason, rule, isForeign, isVerified: true })
}

/** Refuses names that read like the prefixed ones of another entry. */
function assertUnreserved({ name, groups }: Caller, prefixes: readonly string[]): void {
  for (const each of [name, ...groups]) {
    const fault = reservedNameFault(each, prefixes)
    if (fault !== null) {
      throw new UnauthenticatedError(refusedByRules, { reason: `a name of the token ${fault}` })
    }
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
    throw new UnauthenticatedError('A token is required: send the header "Authorization: Bearer TOKEN".', {
      challenge: 'Bearer realm="keystead"',
    })
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
