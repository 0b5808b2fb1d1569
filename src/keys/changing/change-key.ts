import type { AuditAction, AuditDetails } from '../../audit/events.ts'
import type { Moment } from '../../clock.ts'
import { KeysteadError } from '../../errors.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { findRecordedStates } from '../../store/audit/key-history-rows.ts'
import type { KeyIdentity } from '../../store/key-changes.ts'
import { hasName, type KeyRow, lockKey } from '../../store/rows/key-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Queryable } from '../../store/sql.ts'
import { sentTogether } from '../../store/together.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { readKeyReference, type VersionReference } from '../parts/key-references.ts'
import {
  type AuditContext,
  auditContextOf,
  findKeyOrVersionFor,
  findWholeKeyFor,
  observationOf,
  recordingRefusals,
  requireAccess,
  requireRoleFor,
  startAuditContext,
  systemActor,
  type WantedAccess,
} from '../parts/request.ts'
import { fullUserKeyView, ownerOfVersions, versionView } from '../reading/make-views.ts'
import { viewSettings } from '../reading/verified-rows.ts'
import type { FullUserKeyView, KeyVersionView } from '../reading/views.ts'
import type { RequestContext } from '../rules/caller.ts'
import {
  ConflictError,
  KeyNotFoundError,
  KeyVersionNotFoundError,
  UnavailableError,
} from '../rules/errors.ts'
import { applyCommand, defaultVersionOf, isDestructionDue, type KeyCommand } from '../rules/lifecycle.ts'
import { type KeyColumns, madeAhead, stateOf, verifyAsRecorded, verifyMacs } from './locked-key.ts'
import { findMadeAhead, generateMaterial, type NewMaterial, type UnwrappedMaterial } from './new-material.ts'
import { addedBy, type Decision, type Step, stepOf, writeSteps } from './write-change.ts'

/** An optional guard against acting on an outdated view. */
export interface Expecting {
  readonly expectedRevision?: number | null | undefined
}

export interface KeyInput extends Expecting {
  /** ID, name or alias. */
  readonly key: string
}

/** What a decision may depend on, besides the key. */
interface DecisionFacts extends Moment {
  readonly tx: Queryable
  /** Revision that the caller could see, before due destructions were carried out. */
  readonly seenRevision: number
}

/**
 * Decides on a change and writes nothing. Throws a typed error to refuse; returns the same state if nothing changes. Called
 * under the lock of the key. If material has to be made before, it is also called on the key as read without a lock.
 */
export type Decide = (key: WholeKey, facts: DecisionFacts) => Decision | Promise<Decision>

/** Maximum of tries. A change starts over when another one has added a version meanwhile. */
const triesMax = 50

/** Permissions of roles that manage keys: any key, or own ones. */
export const managingRoles = ['MANAGE', 'MANAGE_OWN'] as const

/** A change of a user key that a caller asks for. */
export interface KeyChangeRequest {
  readonly action: AuditAction
  /** The key, by ID, name or alias; or one of its versions. */
  readonly of: string | VersionReference
  readonly expectedRevision?: number | null | undefined
  /** What the caller must be allowed to do; MANAGE by default. */
  readonly permission?: WantedAccess['permission']
  /** Details of the audit event. */
  readonly details?: AuditDetails
  /** Further details that depend on the key as it was before the change. */
  readonly detailsOf?: (key: WholeKey) => AuditDetails
  /** Checks of the input. They run once the caller is known to have access. The row may be from memory. */
  readonly checkInput?: (row: KeyRow) => void
  readonly decide: (...args: [...Parameters<Decide>, versionNumber: number | null]) => ReturnType<Decide>
  /** Obtains the material of the version that the change adds or makes ahead; null for a change that does neither. */
  readonly obtainMaterial?: ObtainMaterial | null
}

/** Makes or opens material for the next version of a key. May be slow. */
export type ObtainMaterial = (row: KeyRow, context: AuditContext) => Promise<UnwrappedMaterial>

/** Obtains material by generating it. */
export function generatingMaterial(parts: Dependencies): ObtainMaterial {
  return (row, context) => generateMaterial(parts, row, context)
}

/** Changes a user key and writes the audit event in one transaction. Refusals are on record too. */
export async function changeUserKey(
  parts: Dependencies,
  call: RequestContext,
  request: KeyChangeRequest,
): Promise<WholeKey> {
  const { action, expectedRevision = null, permission = 'MANAGE' } = request
  return recordingRefusals(parts, auditContextOf(call, action), async (context) => {
    requireRoleFor(call, ...(permission === 'MANAGE' ? managingRoles : (['VIEW'] as const)))
    const lookup = { parts, call, context }
    const { obtainMaterial = null, of } = request
    // A change for which material is made is planned on the whole key.
    const whole =
      obtainMaterial !== null && typeof of === 'string'
        ? await findWholeKeyFor(lookup, of, { permission })
        : null
    const { key: found, number } =
      whole === null ? await findKeyOrVersionFor(lookup, of, { permission }) : { key: whole, number: null }
    context.versionNumber = number
    request.checkInput?.(found.row)
    context.details = request.details ?? {}
    const decide: Decide = (key, facts) => {
      // Checked again under the lock: the access list may have changed since.
      requireAccess({ parts, call }, key.row, { permission })
      requireStillNamed(parts, key, { reference: request.of, now: facts.certainNow })
      if (expectedRevision !== facts.seenRevision) requireRevision(key, expectedRevision, facts.certainNow)
      context.details = { ...request.details, ...request.detailsOf?.(key) }
      return request.decide(key, facts, number)
    }
    const changed = await changeKey(parts, found.row, context, { decide, obtainMaterial, asRead: whole })
    if (changed === null) throw new KeyNotFoundError()
    return changed.key
  })
}

/**
 * Changes any key for any actor; null if there is no such key. Material takes long to make, so it is made before the
 * transaction, once the rules allow the change of the key as read without a lock. The rules are checked again in the
 * transaction.
 */
export async function changeKey(
  parts: Dependencies,
  where: KeyIdentity,
  context: AuditContext,
  {
    decide,
    obtainMaterial,
    asRead = null,
  }: {
    readonly decide: Decide
    readonly obtainMaterial: ObtainMaterial | null
    /** The key as it was read just now without a lock; null if it was not read. */
    readonly asRead?: WholeKey | null
  },
): Promise<KeyOutcome | null> {
  let unwrapped: UnwrappedMaterial | null = null
  let material: NewMaterial | null = null
  let isLooking = obtainMaterial !== null
  const change: ChangeOfKeys = {
    decide,
    contextOf: () => context,
    materialFor: async (_row, number) => (material?.versionNumber === number ? material : null),
    addsVersions: obtainMaterial !== null,
    async lock(tx) {
      const [, key, recorded] = await sentTogether(
        () => lockKey(tx, where),
        () => findWholeKey(tx, where),
        () => findRecordedStates(tx, [where.id]),
      )
      return { keys: key === null ? [] : [key], recorded }
    },
  }
  try {
    for (let tries = 0; tries < triesMax; tries++) {
      context.signal?.throwIfAborted()
      const [outcome] = isLooking
        ? await planUnlocked(parts, change, asRead ?? (await findWholeKey(parts.store.db, where)))
        : await changeKeys(parts, change)
      if (outcome === undefined) return null
      const { key, steps, missing, error } = outcome
      if (missing !== null) {
        if (obtainMaterial === null)
          throw new TypeError('the change adds a version for which nothing makes material')
        unwrapped ??= await obtainMaterial(key.row, context).catch(async (thrown: unknown) => {
          // The command is refused, and what was due before it is done all the same.
          if (isDestructionDue(key.versions, parts.clock.moment().certainNow)) await settleDue(parts, where)
          throw thrown
        })
        material = await unwrapped.wrapFor(missing)
      } else if (!isLooking || (steps.length === 0 && !(error instanceof IntegrityError))) {
        // Without a lock, the key may change between the statements that read it: the locked pass verifies it again.
        if (error !== null) throw error
        return outcome
      }
      isLooking = false
    }
  } finally {
    unwrapped?.erase()
  }
  throw new UnavailableError()
}

/** Carries out the due destructions of a key. */
export async function settleDue(parts: Dependencies, where: KeyIdentity): Promise<void> {
  const decide = deciding(parts, destruction.command)
  await changeKey(parts, where, systemContextOf(destruction, where), { decide, obtainMaterial: null })
}

/** A change of one key or of a group, in one transaction. Each key is decided on its own. */
export interface ChangeOfKeys {
  /** Locks and reads the keys. */
  readonly lock: (tx: Queryable) => Promise<LockedKeys>
  /** True if keys are likely to get versions. */
  readonly addsVersions?: boolean
  readonly decide: Decide
  /** Audit context of the change of a key. */
  readonly contextOf: (key: KeyIdentity) => AuditContext
  /** True if nothing is to be written when it fails for one of the keys. */
  readonly isOneChange?: boolean
  /** Material of the version that a key gets; null if it has to be made before the transaction. */
  readonly materialFor: (
    row: KeyRow,
    versionNumber: number,
    context: AuditContext,
  ) => Promise<NewMaterial | null>
}

/** Keys that the transaction of a change has locked, with their last recorded states. */
export interface LockedKeys {
  readonly keys: readonly WholeKey[]
  readonly recorded: Awaited<ReturnType<typeof findRecordedStates>>
}

/** Keys that are locked, with their recorded states. */
export async function withRecordedStates(tx: Queryable, keys: readonly WholeKey[]): Promise<LockedKeys> {
  const ids = keys.map(({ row }) => row.id)
  return { keys, recorded: ids.length === 0 ? new Map() : await findRecordedStates(tx, ids) }
}

/** Outcome of a change for one key. */
export interface KeyOutcome {
  readonly context: AuditContext
  /** The key after its steps. */
  readonly key: WholeKey
  /** What is written: due destructions, and then the change itself. Either may be missing. */
  readonly steps: readonly Step[]
  /** Number of the version whose material is missing, so that nothing is written; otherwise null. */
  readonly missing: number | null
  /** Why the change is refused or the key cannot be used; otherwise null. Not on record yet. */
  readonly error: unknown
}

/**
 * Changes keys in one transaction and a few statements, with an audit event for each step. Keys that fail are found before
 * anything is written, and do not affect the others.
 */
export async function changeKeys(parts: Dependencies, change: ChangeOfKeys): Promise<readonly KeyOutcome[]> {
  const { store, policyMac, clock, keys: cache } = parts
  let touched: readonly KeyRow[] = []
  try {
    const outcomes = await store.transaction(async (tx) => {
      const [{ keys, recorded }, rootKeyId] = await sentTogether(
        () => change.lock(tx),
        change.addsVersions === true ? () => parts.envelope.lockRootKey(tx) : null,
      )
      if (keys.length === 0) return []
      const at = clock.moment()
      const decided = await Promise.all(
        keys.map((key) =>
          plan(parts, change, key, {
            ...at,
            tx,
            verify: () => verifyAsRecorded(policyMac, key, recorded.get(key.row.id)),
          }),
        ),
      )
      const planned = change.isOneChange === true ? withoutRefused(decided) : decided
      // A key whose rows do not verify must not be used from memory either.
      touched = planned.flatMap(({ key, steps, error }) =>
        steps.length > 0 || error instanceof IntegrityError ? [key.row] : [],
      )
      for (const place of [0, 1]) {
        await writeSteps(
          parts,
          tx,
          planned.flatMap(({ steps }) => steps[place] ?? []),
          { rootKeyId },
        )
      }
      return planned
    })
    const steps = outcomes.flatMap((outcome) => outcome.steps)
    const contexts = steps.map(({ context, facts }) => Object.assign(context, facts))
    if (steps.length > 0) parts.observe(contexts.map((context) => observationOf(context)))
    return outcomes
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may have taken effect.
    for (const { projectId, id } of touched) cache.invalidate(projectId, id)
  }
}

/** The outcomes of a change that is refused if it is refused for one key. Due destructions are left. */
function withoutRefused(outcomes: readonly KeyOutcome[]): readonly KeyOutcome[] {
  if (outcomes.every(({ error }) => error === null)) return outcomes
  return outcomes.map((outcome) => {
    const { context, steps } = outcome
    return { ...outcome, steps: steps.filter((step) => step.context !== context) }
  })
}

/** Plans a change of a key as read without a lock. Writes and announces nothing. */
async function planUnlocked(
  parts: Dependencies,
  change: ChangeOfKeys,
  key: WholeKey | null,
): Promise<readonly KeyOutcome[]> {
  const { store, policyMac, clock, keys: cache } = parts
  if (key === null) return []
  const verify = () => verifyMacs(policyMac, key)
  const outcome = await plan(parts, change, key, { ...clock.moment(), tx: store.db, verify })
  // As under the lock, it must not be used from memory either.
  if (outcome.error instanceof IntegrityError) cache.invalidate(key.row.projectId, key.row.id)
  return [outcome]
}

/** Decides on a change of a key, after its due destructions. Writes nothing. */
async function plan(
  parts: Dependencies,
  { decide, contextOf, materialFor }: ChangeOfKeys,
  key: WholeKey,
  { verify, tx, ...at }: Moment & { readonly tx: Queryable; readonly verify: () => void },
): Promise<KeyOutcome> {
  const context = contextOf(key.row)
  context.algorithm = key.row.algorithm
  let outcome: KeyOutcome = { context, key, steps: [], missing: null, error: null }
  const withStep = (own: AuditContext, decision: Decision, material: readonly NewMaterial[]) => {
    const step = stepOf(parts, own, { before: outcome.key, decision, material, now: at.now })
    outcome = { ...outcome, key: step.sealed.after, steps: [...outcome.steps, step] }
  }
  try {
    verify()
    const facts = { ...at, tx, seenRevision: key.row.revision }
    if (isDestructionDue(key.versions, at.certainNow)) {
      const own = Object.assign(systemContextOf(destruction, key.row), { algorithm: key.row.algorithm })
      withStep(own, await deciding(parts, destruction.command)(key, facts), [])
    }
    const { row } = outcome.key
    const decision = await decide(outcome.key, facts)
    if (decision.state.revision === row.revision) return outcome
    const added = addedBy(row, decision.state)
    const made = added === null ? null : await findMadeAhead(parts, tx, row, added)
    const missing = made === null && added !== null ? added : madeAhead(row, decision.state)
    const fresh = missing === null ? null : await materialFor(row, missing, context)
    if (missing !== null && fresh === null) return { ...outcome, key, steps: [], missing }
    withStep(
      context,
      decision,
      [made, fresh].filter((each) => each !== null),
    )
    return outcome
  } catch (error) {
    // Errors of the database end the transaction.
    if (error instanceof KeysteadError || error instanceof IntegrityError) return { ...outcome, error }
    throw error
  }
}

/** Change of a key that the system makes by itself. */
export interface SystemAct {
  readonly action: AuditAction
  readonly actor: string
  readonly command: KeyCommand
}

/** Destroys the versions whose waiting period has ended. */
export const destruction: SystemAct = {
  action: 'DESTROY_KEY_VERSION',
  actor: 'destruction',
  command: { type: 'sweepDestroyed' },
}

/** The audit context of a system act on one key. */
export function systemContextOf({ action, actor }: SystemAct, { projectId, id }: KeyIdentity): AuditContext {
  return Object.assign(startAuditContext(systemActor(actor, projectId), action), { keyId: id })
}

/** A decision that is a command of the lifecycle. */
export function deciding(parts: Dependencies, command: KeyCommand): Decide {
  const { rotationTimeZone: timeZone, revocationDelayMs } = parts.settings
  return (key, { now, certainNow }) => {
    if ('version' in command && !key.versions.some(({ number }) => number === command.version)) {
      throw KeyVersionNotFoundError.ofNumber(command.version)
    }
    return { state: applyCommand(stateOf(key), command, { now, certainNow, timeZone, revocationDelayMs }) }
  }
}

/** A decision that writes columns of the key and leaves its versions alone. */
export function withColumns(key: WholeKey, columns: KeyColumns): Decision {
  const state = stateOf(key)
  return { state: { ...state, revision: state.revision + 1 }, columns }
}

/** Throws ConflictError if the caller expects another revision than the key has. */
function requireRevision(key: WholeKey, expectedRevision: number | null, now: Date): void {
  if (expectedRevision !== null && expectedRevision !== key.row.revision) throw conflictOf(key, now)
}

/**
 * Throws ConflictError if the key has lost the name or alias by which it was found in memory: the change may be meant for
 * another key. The next request finds what is stored.
 */
export function requireStillNamed(
  { keys }: Dependencies,
  key: WholeKey,
  { reference, now }: { readonly reference: string | VersionReference; readonly now: Date },
): void {
  const named = typeof reference === 'string' ? reference : (reference.key ?? null)
  const read = named === null ? null : readKeyReference(named)
  if (read === null || 'id' in read || hasName(key.row, read.name)) return
  keys.invalidate(key.row.projectId, key.row.id)
  throw conflictOf(key, now)
}

/** The error for a key that is no longer as the caller saw it. */
export function conflictOf({ row, versions }: WholeKey, now: Date): ConflictError {
  return new ConflictError({
    currentRevision: row.revision,
    currentDefaultVersionNumber: defaultVersionOf({ ...row, versions }, now)?.number ?? null,
  })
}

/** A changed key and the version that changed. */
export interface KeyVersionChange {
  readonly key: FullUserKeyView
  readonly version: KeyVersionView
}

/** Full view of a key that the caller has just changed. */
export function changedKey(parts: Dependencies, call: RequestContext, key: WholeKey): FullUserKeyView {
  return fullUserKeyView(key.row, key.versions.at(-1) ?? null, call.caller, viewSettings(parts))
}

/** Full view of a changed key with one of its versions: the newest unless a number is given. */
export function changedVersion(
  parts: Dependencies,
  call: RequestContext,
  key: WholeKey,
  number?: number,
): KeyVersionChange {
  const { row, versions } = key
  const version = number === undefined ? versions.at(-1) : versions.find((each) => each.number === number)
  if (version === undefined) throw new TypeError('a changed version exists')
  const settings = viewSettings(parts)
  return {
    key: changedKey(parts, call, key),
    version: versionView(ownerOfVersions(row, settings), version, settings.now),
  }
}
