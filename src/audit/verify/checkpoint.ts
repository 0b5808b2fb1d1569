import { createPublicKey, KeyObject } from 'node:crypto'
import { CompactSign, calculateJwkThumbprint, compactVerify, exportJWK, type JWK } from 'jose'
import type { Clock } from '../../clock.ts'
import { KeysteadError } from '../../errors.ts'
import { type AuditChainKind, everyChain } from '../../store/audit/chain-rows.ts'
import { hex, type Queryable } from '../../store/sql.ts'
import type { AuditKeys } from '../chain.ts'

/** Where a chain ended at a checkpoint. */
export interface CheckpointChain {
  /** UUID. */
  readonly id: string
  readonly number: number
  readonly kind: AuditChainKind
  readonly sequence: number
  readonly hash: Uint8Array
}

/** Where all chains ended at one moment; to be kept where no writer of the database can reach it. */
export interface Checkpoint {
  readonly at: Date
  readonly chains: readonly CheckpointChain[]
}

/** A checkpoint cannot be made or read. The text is for the operator. */
export class CheckpointError extends KeysteadError {
  readonly code = 'INTERNAL'
}

const type = 'keystead-checkpoint+jws'

/**
 * Signs where all chains end, as a compact JWS (RFC 7515). The records are not read: what is vouched for is what the
 * servers left behind.
 *
 * @throws CheckpointError if a chain does not end where a server left it
 */
export async function createCheckpoint(db: Queryable, clock: Clock, keys: AuditKeys): Promise<string> {
  const chains: { id: string; number: number; kind: AuditChainKind; sequence: number; hash: string }[] = []
  for await (const chain of everyChain(db)) {
    if (!keys.chainMac.isAuthenticChain(chain) || !keys.chainMac.isAuthenticHead(chain)) {
      throw new CheckpointError(
        `Chain ${chain.number} was changed outside of the server, so no checkpoint was signed. Run "keystead audit verify".`,
      )
    }
    const { id, number, kind, head } = chain
    chains.push({ id, number, kind, sequence: head.sequence, hash: hex(head.hash) })
  }
  const payload = { iat: Math.floor(clock.now().getTime() / 1000), chains }
  const { kid = '' } = await checkpointJwk(keys.checkpointKey)
  return new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'EdDSA', typ: type, kid })
    .sign(keys.checkpointKey)
}

/** The public key of checkpoints as a JWK (RFC 8037), for others who want to check them. */
export async function checkpointJwk(checkpointKey: KeyObject): Promise<JWK> {
  const jwk = await exportJWK(createPublicKey(checkpointKey))
  return { ...jwk, alg: 'EdDSA', use: 'sig', kid: await calculateJwkThumbprint(jwk) }
}

/**
 * Reads a checkpoint of the installation with this key: its own, or the public one as a JWK.
 *
 * @throws CheckpointError if it is none
 */
export async function readCheckpoint(jws: string, checkpointKey: KeyObject | JWK): Promise<Checkpoint> {
  const key = checkpointKey instanceof KeyObject ? createPublicKey(checkpointKey) : checkpointKey
  const { payload, protectedHeader } = await compactVerify(jws.trim(), key, {
    algorithms: ['EdDSA'],
  }).catch(() => {
    throw new CheckpointError('Not a checkpoint of this installation: its signature does not verify.')
  })
  if (protectedHeader.typ !== type)
    throw new CheckpointError('Not a checkpoint: this installation signed it for another purpose.')
  // Signed by this program, so its form needs no further check.
  const { iat, chains } = JSON.parse(Buffer.from(payload).toString()) as {
    iat: number
    chains: (Omit<CheckpointChain, 'hash'> & { hash: string })[]
  }
  return {
    at: new Date(iat * 1000),
    chains: chains.map((chain) => ({ ...chain, hash: Buffer.from(chain.hash, 'hex') })),
  }
}
