import type { AuditAction, AuditDetails } from '../../audit/events.ts'
import type { Capability, KeyUsage } from '../../crypto/capabilities.ts'
import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import type { SlowWork } from '../../crypto/slow-work.ts'
import type { WeighedOperation } from '../../crypto/weights.ts'
import { keyIdOf } from '../../ids.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import type { VersionReference } from '../parts/key-references.ts'
import {
  type AuditContext,
  findUserKeyFor,
  findVersionFor,
  requireRoleFor,
  slowWorkOf,
} from '../parts/request.ts'
import type { OperationPermission } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { detailsOfContext } from '../rules/encryption-context.ts'
import {
  InvalidKeyStateError,
  InvalidKeyUsageError,
  KeyNotFoundError,
  KeyVersionNotFoundError,
  type KeyVersionStatus,
} from '../rules/errors.ts'
import { settle } from '../rules/lifecycle.ts'
import type { Operation, OperationRequest, UsedVersion } from './run-operation.ts'

/** A key that the caller may use, and the capability that an operation needs of it. */
export interface KeyInUse<Kind extends Capability['kind']> extends OperationRequest {
  readonly key: CachedKey
  readonly capability: CapabilityOf<Kind>
}

/** The version that an operation uses: it may be used now. */
export interface VersionInUse<Kind extends Capability['kind']> extends KeyInUse<Kind> {
  readonly version: KeyVersionRow
}

/** An operation on one version of a key. */
export interface KeyOperationDefinition<Kind extends Capability['kind'], Input, Output> {
  readonly action: AuditAction
  /** Permission that the caller needs. */
  readonly permission: OperationPermission
  /** Usage that the key must have, and the kinds of algorithm for that usage that the operation works with. */
  readonly usage: KeyUsage
  readonly kinds: readonly Kind[]
  /** `default` protects new data; `named` works on existing data, with the version that the input names. */
  readonly version: 'default' | 'named'
  /** Encryption context that the input gives. */
  readonly contextOf?: (input: Input) => EncryptionContext | null | undefined
  /** Facts for the audit event, known from the input alone. */
  readonly details?: (input: Input) => AuditDetails
  /** Checks the input before the version is looked up. */
  readonly checkInput?: (key: KeyInUse<Kind>, input: Input) => void
  readonly run: (use: VersionInUse<Kind>, input: Input) => Promise<Output>
}

/** Input of an operation with the default version of a key. */
export interface KeyOfInput {
  /** ID, name or alias. */
  readonly key: string
}

/** Input of an operation with a version that the caller names. */
export interface VersionOfInput {
  readonly version: VersionReference
}

/**
 * A defined key operation. `run` finds the key or version that the input names; `runOn` uses what was found and authorised
 * before, with null for the default version.
 */
export interface KeyOperation<Input, Reference, Output>
  extends Operation<Input & Reference, Output & UsedVersion> {
  runOn(
    request: OperationRequest,
    key: CachedKey,
    number: number | null,
    input: Input,
  ): Promise<Output & UsedVersion>
}

/** Refuses callers whose roles lack one of the permissions. */
export function requiringRoles(...all: readonly OperationPermission[]): (call: RequestContext) => void {
  return (call) => {
    for (const permission of all) requireRoleFor(call, permission)
  }
}

/**
 * Defines an operation on one version of a key. Checks run in this order, the same for every operation: role, key and
 * access, usage, input, version and its state.
 */
export function defineKeyOperation<
  Kind extends Capability['kind'],
  Input extends object,
  Output,
  Version extends 'default' | 'named',
>(
  definition: KeyOperationDefinition<Kind, Input, Output> & { readonly version: Version },
): KeyOperation<Input, Version extends 'named' ? VersionOfInput : KeyOfInput, Output> {
  const { action, permission, usage, kinds, contextOf, details, checkInput, run } = definition

  async function runOn(request: OperationRequest, key: CachedKey, number: number | null, input: Input) {
    const { parts, context } = request
    context.keyId = key.row.id
    context.algorithm = key.row.algorithm
    context.details = { ...details?.(input), ...context.details }
    const inUse = { ...request, key, capability: capabilityFor(key, usage, kinds) }
    checkInput?.(inUse, input)
    const version =
      number === null
        ? await defaultVersionForUse(parts, key)
        : versionForUse(parts, key, await namedVersion(key, number, context))
    context.versionNumber = version.number
    const output = await run({ ...inUse, version }, input)
    return { ...output, keyId: keyIdOf(key.row), versionNumber: version.number }
  }

  return {
    action,
    authorise: requiringRoles(permission),
    async run(request, input) {
      const context = contextOf?.(input)
      request.context.details = detailsOfContext(context)
      const wanted = { permission, context }
      if (definition.version === 'default') {
        const key = await findUserKeyFor(request, (input as KeyOfInput).key, wanted)
        return runOn(request, key, null, input)
      }
      const { key, number } = await findVersionFor(request, (input as VersionOfInput).version, wanted)
      return runOn(request, key, number, input)
    },
    runOn,
  }
}

/** The version that the caller named. The audit event names it too, even if its state refuses the operation. */
async function namedVersion(key: CachedKey, number: number, context: AuditContext): Promise<KeyVersionRow> {
  const version = await findVersion(key, number)
  context.versionNumber = version.number
  return version
}

/** Slow work with the key in use; its first task is charged to the caller. */
export function slowWorkWith(
  { parts, context, key }: Pick<KeyInUse<never>, 'parts' | 'context' | 'key'>,
  operation: WeighedOperation,
): SlowWork {
  return slowWorkOf(parts, context, { algorithm: key.row.algorithm, operation })
}

/** The capabilities of some kinds. */
export type CapabilityOf<Kind extends Capability['kind']> = Extract<Capability, { kind: Kind }>

/**
 * The capability of a key for a usage.
 *
 * @throws InvalidKeyUsageError if the key has another usage, or an algorithm of another kind
 */
export function capabilityFor<Kind extends Capability['kind']>(
  key: CachedKey,
  usage: KeyUsage,
  kinds: readonly Kind[],
): CapabilityOf<Kind> {
  const { row, algorithm } = key
  const capability = row.usage === usage ? algorithm?.capabilities[usage] : undefined
  if (capability === undefined || !(kinds as readonly string[]).includes(capability.kind)) {
    throw new InvalidKeyUsageError(
      `The key is for ${row.usage} with ${row.algorithm}, which this operation cannot use. Take another key.`,
      { usage: row.usage as KeyUsage, algorithm: row.algorithm },
    )
  }
  return capability as CapabilityOf<Kind>
}

/**
 * The version that protects new data.
 *
 * @throws InvalidKeyStateError if there is none, or it is not ACTIVE
 */
async function defaultVersionForUse({ clock }: Clocked, key: CachedKey): Promise<KeyVersionRow> {
  const { row } = key
  const now = clock.certainNow()
  if (row.lastVersionNumber === 0) {
    throw new InvalidKeyStateError(
      `The key is in state PRE_ACTIVATION and has no version yet. ${firstVersionRemedy(row)}`,
      { keyStatus: row.status, allowed: ['ACTIVE'] },
    )
  }
  const newest = await key.version(row.lastVersionNumber)
  // The key was deleted since it was loaded.
  if (newest === null) throw new KeyNotFoundError()
  const version = settle(newest, now)
  if (version.status === 'DESTROYED') {
    throw new InvalidKeyStateError(
      `The default version of the key was destroyed, so nothing new can be protected with it. ${newVersionRemedy(row)}`,
      { keyStatus: row.status, version, allowed: [] },
    )
  }
  return requireActive(key, version, 'The default version')
}

/**
 * Checks that a version may be used for what exists already.
 *
 * @throws InvalidKeyStateError unless it is ACTIVE
 */
export function versionForUse({ clock }: Clocked, key: CachedKey, row: KeyVersionRow): KeyVersionRow {
  return requireActive(key, settle(row, clock.certainNow()), 'Version')
}

/**
 * A version that the caller named.
 *
 * @throws KeyVersionNotFoundError, which tells nothing new: whoever may use the key also sees its versions
 */
async function findVersion(key: CachedKey, number: number): Promise<KeyVersionRow> {
  const row = number >= 1 && number <= key.row.lastVersionNumber ? await key.version(number) : null
  if (row === null) throw KeyVersionNotFoundError.ofNumber(number)
  return row
}

type Clocked = Pick<Dependencies, 'clock'>

type VersionSource = Pick<KeyRow, 'kind' | 'origin'>

const importRemedy = 'Import a version with getImportParameters and importKeyVersion.'

/** How a key in pre-activation gets its first version. */
function firstVersionRemedy({ origin }: VersionSource): string {
  return origin === 'EXTERNAL' ? importRemedy : 'Call activateUserKey first.'
}

/** How a key gets another default version. Only the system rotates service keys. */
export function newVersionRemedy({ kind, origin }: VersionSource): string {
  if (kind === 'SERVICE') return 'The service key gets a new default version by automatic rotation.'
  return origin === 'EXTERNAL' ? importRemedy : 'Call rotateUserKey for a new default version.'
}

const remedies: Readonly<Record<Exclude<KeyVersionStatus, 'ACTIVE'>, string>> = {
  DEACTIVATED: 'Call activateKeyVersion to use it again.',
  DESTROY_SCHEDULED: 'Call restoreKeyVersion and then activateKeyVersion to use it again.',
  DESTROYED: 'It cannot be used again.',
}

function requireActive(key: CachedKey, version: KeyVersionRow, name: string): KeyVersionRow {
  if (version.status === 'ACTIVE') return version
  throw new InvalidKeyStateError(
    `${name} ${version.number} of the key is ${version.status}. ${remedies[version.status]}`,
    { keyStatus: key.row.status, version, allowed: version.status === 'DESTROYED' ? [] : ['ACTIVE'] },
  )
}
