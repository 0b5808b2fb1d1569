import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { KeyUsage } from '../../crypto/capabilities.ts'
import { describePublicKey, jwkMembersOf, jwsAlgorithmsOf } from '../../crypto/public-key.ts'
import { freshRandomBytes } from '../../crypto/secrets.ts'
import { formatId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { findRecordedStates } from '../../store/audit/key-history-rows.ts'
import type { KeyIdentity } from '../../store/key-changes.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import { findKeyOfSet } from '../../store/rows/key-set-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { asUnavailable } from '../parts/request.ts'
import type { FullUserKeyView } from '../reading/views.ts'
import type { RequestContext } from '../rules/caller.ts'
import { InvalidKeyUsageError } from '../rules/errors.ts'
import { InputIssues } from '../rules/input.ts'
import {
  keySetMaxAgeSeconds,
  publishAheadHours as publishAhead,
  publishedVersions,
  tokenLifetimeMinutes as tokenLifetime,
} from '../rules/key-sets.ts'
import { requireOrigin } from '../rules/lifecycle.ts'
import { changedKey, changeUserKey, deciding, generatingMaterial, type KeyInput } from './change-key.ts'
import { verifyAsRecorded } from './locked-key.ts'

export interface PublishJwksInput extends KeyInput {
  readonly tokenLifetimeMinutes: number
  readonly publishAheadHours?: number | null | undefined
  readonly jwsAlgorithm?: string | null | undefined
}

/** Publishes the public keys of a key, or changes what its set promises. The address stays. */
export async function publishJwks(
  parts: Dependencies,
  call: RequestContext,
  input: PublishJwksInput,
): Promise<FullUserKeyView> {
  const { key: of, expectedRevision, tokenLifetimeMinutes } = input
  const publishAheadHours = input.publishAheadHours ?? publishAhead.default
  const jwsAlgorithm = input.jwsAlgorithm ?? null
  const changed = await changeUserKey(parts, call, {
    action: 'PUBLISH_JWKS',
    of,
    expectedRevision,
    details: { tokenLifetimeMinutes, publishAheadHours, ...(jwsAlgorithm !== null && { jwsAlgorithm }) },
    checkInput(row) {
      requirePublishable(row)
      requireOrigin(row, 'KEYSTEAD')
      checkTerms(row, { tokenLifetimeMinutes, publishAheadHours, jwsAlgorithm })
    },
    decide(key, facts) {
      requirePublishable(key.row)
      const id = freshRandomBytes(keySetIdBytes).toString('base64url')
      const terms = { tokenLifetimeMinutes, publishAheadHours, jwsAlgorithm }
      return deciding(parts, { type: 'publishKeySet', id, terms })(key, facts)
    },
    obtainMaterial: generatingMaterial(parts),
  })
  return changedKey(parts, call, changed)
}

/** Ends the publication of the public keys of a key. Its address is never used again. */
export async function unpublishJwks(
  parts: Dependencies,
  call: RequestContext,
  input: KeyInput,
): Promise<FullUserKeyView> {
  const changed = await changeUserKey(parts, call, {
    action: 'UNPUBLISH_JWKS',
    of: input.key,
    expectedRevision: input.expectedRevision,
    decide: deciding(parts, { type: 'unpublishKeySet' }),
  })
  return changedKey(parts, call, changed)
}

/** Random bytes of an address. */
const keySetIdBytes = 32

/** Refuses keys whose public keys verify no signatures. */
function requirePublishable({ usage, algorithm }: Pick<KeyRow, 'usage' | 'algorithm'>): void {
  if (jwsAlgorithmsOf({ usage, algorithm }).length > 0) return
  throw new InvalidKeyUsageError(
    'Only public keys that verify signatures can be published. Create an asymmetric key with usage SIGN_VERIFY. For encryption, give out the publicKey of the default version: senders must not use the next one yet.',
    { usage: usage as KeyUsage, algorithm },
  )
}

function checkTerms(
  row: Pick<KeyRow, 'usage' | 'algorithm'>,
  terms: { tokenLifetimeMinutes: number; publishAheadHours: number; jwsAlgorithm: string | null },
): void {
  const issues = new InputIssues()
  const isWithin = (value: number, { min, max }: { min: number; max: number }) => value >= min && value <= max
  issues.require(
    isWithin(terms.tokenLifetimeMinutes, tokenLifetime),
    'tokenLifetimeMinutes',
    `must be ${tokenLifetime.min} to ${tokenLifetime.max} minutes`,
  )
  issues.require(
    isWithin(terms.publishAheadHours, publishAhead),
    'publishAheadHours',
    `must be ${publishAhead.min} to ${publishAhead.max} hours`,
  )
  const names = jwsAlgorithmsOf(row)
  issues.require(
    terms.jwsAlgorithm === null || names.includes(terms.jwsAlgorithm),
    'jwsAlgorithm',
    `must be ${names.join(' or ')} for this key`,
  )
  issues.throwIfAny()
}

/** A key set as it is sent. */
export interface SentKeySet {
  /** JWK Set (RFC 7517 §5). */
  readonly body: string
  /** Changes with the body. */
  readonly etag: string
  /** Time for which it may be kept. */
  readonly maxAgeSeconds: number
}

/** The published key sets, for everyone who knows an address. */
export interface KeySets {
  /** The set of an address from memory; null if it has to be read. */
  recall(id: string): SentKeySet | null
  /** The set of an address from memory as long as caches may keep it, for when it cannot be read; otherwise null. */
  recallOld(id: string): SentKeySet | null
  /**
   * Reads the set of an address; null if there is none. Gives the one in memory if the database does not answer in time.
   * Throws UnavailableError.
   */
  read(id: string): Promise<SentKeySet | null>
}

/** A set in memory. */
interface KnownKeySet {
  readonly body: string
  readonly etag: string
  readonly readAtMs: number
}

/** A set that did not verify. */
interface FailedKeySet {
  readonly error: IntegrityError
  readonly readAtMs: number
}

/** A set that is being read. */
interface SetBeingRead {
  readonly set: Promise<KnownKeySet | null>
  /** Resolves once it takes long. */
  readonly isSlow: Promise<void>
}

/** Most memory for key sets, in characters. */
const knownCharactersMax = 16_000_000
/** Most failures in memory. */
const failedMax = 1000
/** Time after which a set in memory is sent, although it is still being read, in milliseconds. */
const slowAfterMs = 1000

/**
 * Builds the published key sets. A set is read at most once in `lifetimeMs`, however many ask for it and whether or not it
 * verifies. During an outage of the database, one that was read before is sent until caches must drop it.
 */
export function createKeySets(parts: Dependencies, lifetimeMs: number): KeySets {
  const known = new LRUCache<string, KnownKeySet>({
    maxSize: knownCharactersMax,
    sizeCalculation: ({ body }) => body.length,
  })
  const failed = new LRUCache<string, FailedKeySet>({ max: failedMax })
  const reading = new Map<string, SetBeingRead>()
  const ageMsOf = ({ readAtMs }: { readonly readAtMs: number }) =>
    Math.abs(parts.clock.now().getTime() - readAtMs)

  function findOld(id: string): KnownKeySet | null {
    const set = known.get(id)
    return set !== undefined && ageMsOf(set) < keySetMaxAgeSeconds * 1000 ? set : null
  }

  async function readNow(id: string): Promise<KnownKeySet | null> {
    const readAtMs = parts.clock.now().getTime()
    try {
      const body = await readBody(parts, id)
      if (body === null) {
        known.delete(id)
        return null
      }
      const set = { body, etag: `"${hash('sha256', body, 'base64url').slice(0, 32)}"`, readAtMs }
      known.set(id, set)
      return set
    } catch (error) {
      if (error instanceof IntegrityError) {
        known.delete(id)
        failed.set(id, { error, readAtMs })
        parts.alert(error)
        throw error
      }
      const unavailable = asUnavailable(parts, error)
      const before = findOld(id)
      if (unavailable !== null && before !== null) return before
      throw unavailable ?? error
    }
  }

  function startReading(id: string): SetBeingRead {
    const { promise: isSlow, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, slowAfterMs)
    timer.unref()
    const set = readNow(id).finally(() => {
      clearTimeout(timer)
      reading.delete(id)
    })
    const started = { set, isSlow }
    reading.set(id, started)
    return started
  }

  function sent(set: KnownKeySet): SentKeySet {
    const { body, etag } = set
    return { body, etag, maxAgeSeconds: Math.max(0, keySetMaxAgeSeconds - Math.floor(ageMsOf(set) / 1000)) }
  }

  return {
    recall(id) {
      const set = known.get(id)
      return set !== undefined && ageMsOf(set) < lifetimeMs ? sent(set) : null
    },
    recallOld(id) {
      const set = findOld(id)
      return set === null ? null : sent(set)
    },
    async read(id) {
      const failure = failed.get(id)
      if (failure !== undefined && ageMsOf(failure) < lifetimeMs) throw failure.error
      const { set: now, isSlow } = reading.get(id) ?? startReading(id)
      const set = await Promise.race([now, isSlow.then(() => findOld(id) ?? now)])
      return set === null ? null : sent(set)
    },
  }
}

/** A key that changes between the statements is read again, at most so many times. */
const readsMax = 5

/** The JWK Set of an address; null if there is none. */
async function readBody(parts: Dependencies, id: string): Promise<string | null> {
  const where = await findKeyOfSet(parts.store.db, id)
  if (where === null) return null
  const { clock, settings } = parts
  for (let reads = 1; ; reads++) {
    try {
      const key = await readAsRecorded(parts, where)
      // It was deleted or unpublished meanwhile.
      if (key?.row.keySet?.id !== id) return null
      const at = { now: clock.now(), revocationDelayMs: settings.revocationDelayMs }
      return JSON.stringify({ keys: await jwksOf(key, at) })
    } catch (error) {
      if (!(error instanceof IntegrityError) || reads === readsMax) throw error
    }
  }
}

/**
 * Reads a key without a lock. Throws IntegrityError unless its rows are as its newest change on record left them, so that
 * rows that were put back publish nothing, such as the public key of a version that was deactivated since.
 */
async function readAsRecorded(
  { store: { db }, policyMac }: Dependencies,
  where: KeyIdentity,
): Promise<WholeKey | null> {
  const key = await findWholeKey(db, where)
  if (key !== null) {
    verifyAsRecorded(policyMac, key, (await findRecordedStates(db, [where.id])).get(where.id))
  }
  return key
}

/** The JWKs of a published key: those of its versions, the newest first, and that of the next one. */
async function jwksOf(
  { row, versions }: WholeKey,
  at: Parameters<typeof publishedVersions>[2],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { keySet } = row
  if (keySet === null) return []
  const { next, jwsAlgorithm: alg } = keySet
  const published = publishedVersions(versions, keySet, at).flatMap(({ id, publicKey }) =>
    publicKey === null ? [] : [{ id, publicKey }],
  )
  const nextKey = next === null ? [] : [{ id: next.id, publicKey: Buffer.from(next.publicKey, 'base64') }]
  return Promise.all(
    [...published, ...nextKey].map(async ({ id, publicKey }) => {
      const { algorithm } = row
      const members = jwkMembersOf({
        id: formatId('keyVersion', id),
        algorithm,
        usage: row.usage as KeyUsage,
      })
      return (await describePublicKey(publicKey, { ...members, ...(alg !== null && { alg }) })).jwk
    }),
  )
}
