import type { AuditAction, AuditDetails } from '../../audit/events.ts'
import type { Capability, KeyUsage } from '../../crypto/capabilities.ts'
import type { SlowWork } from '../../crypto/slow-work.ts'
import type { WeighedOperation } from '../../crypto/weights.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import { keyIdOf } from '../reading/make-views.ts'
import { type AuditContext, slowWorkOf } from '../requests/audit-context.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { findUserKeyFor } from '../requests/find-key.ts'
import type { Call } from '../rules/caller.ts'
import type { Operation, OperationRequest, UsedVersion } from './run-operation.ts'
import {
  type CapabilityOf,
  capabilityFor,
  defaultVersionForUse,
  findVersion,
  versionForUse,
} from './usable-version.ts'

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
  /** Usage that the key must have, and the kinds of algorithm for that usage that the operation works with. */
  readonly usage: KeyUsage
  readonly kinds: readonly Kind[]
  /** `default` protects new data; `named` works on existing data, with the version that the input names. */
  readonly version: 'default' | 'named'
  /** Facts for the audit event, known from the input alone. */
  readonly details?: (input: Input) => AuditDetails
  /** Checks the input before the version is looked up. */
  readonly checkInput?: (key: KeyInUse<Kind>, input: Input) => void
  readonly run: (use: VersionInUse<Kind>, input: Input) => Promise<Output>
}

/** A defined key operation. `run` finds the key by ID; `runOn` uses a key that was found and authorised before. */
export interface KeyOperation<Input, Output>
  extends Operation<Input & { readonly keyId: string }, Output & UsedVersion> {
  runOn(request: OperationRequest, key: CachedKey, input: Input): Promise<Output & UsedVersion>
}

/** Throws ForbiddenError unless the caller has a role that may use keys. */
export function requireRoleToUse(call: Call): void {
  requireRoleFor(call, 'USE')
}

/**
 * Defines an operation on one version of a key. Checks run in this order, the same for every operation: role, key and
 * access, usage, input, version and its state.
 */
export function defineKeyOperation<Kind extends Capability['kind'], Input extends object, Output>(
  definition: KeyOperationDefinition<Kind, Input, Output>,
): KeyOperation<Input, Output> {
  const { action, usage, kinds, details, checkInput, run } = definition

  async function runOn(request: OperationRequest, key: CachedKey, input: Input) {
    const { parts, context } = request
    context.keyId = key.row.id
    context.algorithm = key.row.algorithm
    if (details !== undefined) context.details = details(input)
    const inUse = { ...request, key, capability: capabilityFor(key, usage, kinds) }
    checkInput?.(inUse, input)
    const version =
      definition.version === 'default'
        ? await defaultVersionForUse(parts, key)
        : versionForUse(parts, key, await namedVersion(key, input, context))
    context.versionNumber = version.number
    const output = await run({ ...inUse, version }, input)
    return { ...output, keyId: keyIdOf(key.row), version: version.number }
  }

  return {
    action,
    authorise: requireRoleToUse,
    async run(request, input) {
      return runOn(request, await findUserKeyFor(request, input.keyId, 'USE'), input)
    },
    runOn,
  }
}

/** The version that the input names. The audit event names it too, even if its state refuses the operation. */
async function namedVersion(key: CachedKey, input: object, context: AuditContext): Promise<KeyVersionRow> {
  if (!('version' in input && typeof input.version === 'number')) {
    throw new TypeError('the input names no version')
  }
  const version = await findVersion(key, input.version)
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
