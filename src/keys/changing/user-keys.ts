import { defaultAlgorithms, findAlgorithm } from '../../crypto/algorithms.ts'
import type { KeyType, KeyUsage } from '../../crypto/capabilities.ts'
import { keyIdOf } from '../../ids.ts'
import { claimName } from '../../store/rows/key-rows.ts'
import type { Dependencies, DomainSettings } from '../parts/dependencies.ts'
import { auditContextOf, recordingRefusals, requireRoleFor } from '../parts/request.ts'
import type { FullUserKeyView } from '../reading/views.ts'
import { storedList } from '../rules/access-list.ts'
import type { RequestContext } from '../rules/caller.ts'
import { type KeyOrigin, NameTakenError } from '../rules/errors.ts'
import {
  type AutomaticRotationInput,
  checkCycleDays,
  checkDescription,
  checkName,
  InputIssues,
  requireInput,
  rotationCycleDays,
} from '../rules/input.ts'
import {
  checkLabelNames,
  checkLabels,
  detailsOfLabels,
  type KeyLabel,
  labelLimits,
  sortedLabels,
} from '../rules/labels.ts'
import { checkGivenEntries, detailsOfEntries, entriesGiven, type GivenEntries } from './access-lists.ts'
import type { BatchableChange } from './change-batch.ts'
import { changedKey, changeUserKey, deciding, type KeyInput, withColumns } from './change-key.ts'
import { createKey } from './create-key.ts'

export interface CreateUserKeyInput {
  readonly name: string
  readonly description?: string | null | undefined
  readonly labels?: readonly KeyLabel[] | null | undefined
  readonly decryptableInGraph?: boolean | null | undefined
  readonly preActivation?: boolean | null | undefined
  readonly origin?: KeyOrigin | null | undefined
  readonly type?: KeyType | null | undefined
  readonly usage?: KeyUsage | null | undefined
  readonly algorithm?: string | null | undefined
  readonly automaticRotation?: AutomaticRotationInput | null | undefined
  readonly accessControl?:
    | ({
        readonly enabled: boolean
        readonly allowedSubjects?: readonly string[] | null | undefined
      } & Pick<GivenEntries, 'entries'>)
    | null
    | undefined
}

export interface UpdateUserKeyInput extends KeyInput {
  readonly name?: string | null | undefined
  readonly description?: string | null | undefined
  readonly decryptableInGraph?: boolean | null | undefined
}

/** Labels to give to a key, and names of labels to take from it. */
export interface LabelUserKeyInput extends KeyInput {
  readonly set?: readonly KeyLabel[] | null | undefined
  readonly remove?: readonly string[] | null | undefined
}

export interface ConfigureAutomaticRotationInput extends KeyInput, AutomaticRotationInput {}

export interface DeleteUserKeyInput extends KeyInput {
  readonly confirmName: string
}

/** Creates a user key, owned by its creator. */
export async function createUserKey(
  parts: Dependencies,
  call: RequestContext,
  input: CreateUserKeyInput,
): Promise<FullUserKeyView> {
  const changed = await recordingRefusals(parts, auditContextOf(call, 'CREATE_USER_KEY'), async (context) => {
    requireRoleFor(call, 'CREATE')
    const { algorithm, usage } = checkNewKey(parts, input)
    const origin = input.origin ?? 'KEYSTEAD'
    const list = listOf(input)
    const given = input.accessControl?.enabled === true ? detailsOfEntries(list) : {}
    const labels = sortedLabels(input.labels ?? [])
    const decryptableInGraph = input.decryptableInGraph ?? false
    context.details = {
      ...{ name: input.name, algorithm, usage, origin },
      ...(decryptableInGraph && { decryptableInGraph }),
      ...given,
      ...detailsOfLabels(labels),
    }
    const key = await createKey(parts, context, {
      projectId: call.caller.projectId,
      kind: 'USER',
      name: input.name,
      description: input.description ?? '',
      labels,
      decryptableInGraph,
      usage,
      algorithm,
      origin,
      createdBy: call.caller.subject,
      owner: call.caller.subject,
      accessControlEnabled: input.accessControl?.enabled ?? false,
      ...storedList(entriesGiven(list)),
      rotationEnabled: input.automaticRotation?.enabled ?? false,
      rotationCycleDays: input.automaticRotation?.cycleDays ?? rotationCycleDays.default,
      preActivation: origin === 'EXTERNAL' || (input.preActivation ?? false),
    })
    if (key === null) throw new NameTakenError(input.name)
    return key
  })
  return changedKey(parts, call, changed)
}

/** Where the list of a new key is in the input. */
const paths = { subjects: 'accessControl.allowedSubjects', entries: 'accessControl.entries' }

function listOf({ accessControl }: CreateUserKeyInput): GivenEntries {
  return { subjects: accessControl?.allowedSubjects, entries: accessControl?.entries }
}

function checkNewKey(parts: Dependencies, input: CreateUserKeyInput) {
  const issues = new InputIssues()
  checkName(issues, input.name)
  checkDescription(issues, input.description ?? '')
  checkLabels(issues, input.labels ?? [], 'labels')
  checkCycleDays(issues, input.automaticRotation?.cycleDays, 'automaticRotation.cycleDays')
  checkOrigin(issues, input)
  const list = listOf(input)
  for (const [given, path] of [
    [list.subjects, paths.subjects],
    [list.entries, paths.entries],
  ] as const) {
    const isUsed = (given ?? []).length === 0 || input.accessControl?.enabled === true
    issues.require(isUsed, path, 'needs access control to be enabled')
  }
  const choice = chooseAlgorithm(issues, input, parts.settings)
  if (choice !== null) checkDecryptableInGraph(issues, input.decryptableInGraph, choice)
  if (choice !== null) checkGivenEntries(issues, list, { key: choice, now: parts.clock.now(), paths })
  issues.throwIfAny()
  if (choice === null) throw new TypeError('a choice that is not possible has an issue')
  return choice
}

/** Only ciphertexts of symmetric keys name their key and version, so that a reference is enough to decrypt them. */
function checkDecryptableInGraph(
  issues: InputIssues,
  given: boolean | null | undefined,
  { algorithm, usage }: AlgorithmChoice,
): void {
  const isFit =
    usage === 'ENCRYPT_DECRYPT' && findAlgorithm(algorithm)?.capabilities.ENCRYPT_DECRYPT?.kind === 'aead'
  issues.require(
    given !== true || isFit,
    'decryptableInGraph',
    'must be false unless the key is symmetric and for ENCRYPT_DECRYPT',
  )
}

/** Changes name, description, or whether queries may decrypt. */
export async function updateUserKey(
  parts: Dependencies,
  call: RequestContext,
  input: UpdateUserKeyInput,
): Promise<FullUserKeyView> {
  const { key: of, expectedRevision, name, description, decryptableInGraph = null } = input
  const changed = await changeUserKey(parts, call, {
    action: 'UPDATE_USER_KEY',
    of,
    expectedRevision,
    details: decryptableInGraph === null ? {} : { decryptableInGraph },
    checkInput({ algorithm, usage }) {
      const issues = new InputIssues()
      if (name !== null && name !== undefined) checkName(issues, name)
      checkDescription(issues, description ?? '')
      checkDecryptableInGraph(issues, decryptableInGraph, { algorithm, usage: usage as KeyUsage })
      issues.require(
        (name ?? description ?? decryptableInGraph) !== null,
        'name',
        'or description or decryptableInGraph must be given',
      )
      issues.throwIfAny()
    },
    async decide(key, { tx }) {
      const wanted = { projectId: key.row.projectId, name: name ?? key.row.name }
      const isNew = wanted.name !== key.row.name
      if (isNew && !(await claimName(tx, wanted))) throw new NameTakenError(wanted.name)
      return withColumns(key, {
        name: wanted.name,
        description: description ?? key.row.description,
        decryptableInGraph: decryptableInGraph ?? key.row.decryptableInGraph,
      })
    },
  })
  return changedKey(parts, call, changed)
}

/** Gives labels to a key, in place of those of the same names, and takes others from it. */
export async function labelUserKey(
  parts: Dependencies,
  call: RequestContext,
  input: LabelUserKeyInput,
): Promise<FullUserKeyView> {
  const { key: of, expectedRevision } = input
  const set = input.set ?? []
  const remove = input.remove ?? []
  const changed = await changeUserKey(parts, call, {
    action: 'LABEL_USER_KEY',
    of,
    expectedRevision,
    checkInput() {
      const issues = new InputIssues()
      checkLabels(issues, set, 'set')
      checkLabelNames(issues, remove, 'remove')
      issues.require(set.length + remove.length > 0, 'set', 'or remove must be given')
      const both = set.find(({ name }) => remove.includes(name))
      issues.require(both === undefined, 'remove', 'must not have a name that is also set')
      issues.throwIfAny()
    },
    detailsOf: ({ row }) => ({
      ...detailsOfLabels(set),
      ...detailsOfLabels(
        row.labels.filter(({ name }) => remove.includes(name)),
        'removedLabel',
      ),
    }),
    decide(key) {
      const replaced = new Set([...set.map(({ name }) => name), ...remove])
      const labels = sortedLabels([...key.row.labels.filter(({ name }) => !replaced.has(name)), ...set])
      const { count } = labelLimits
      requireInput(labels.length <= count, 'set', `must leave the key with at most ${count} labels`)
      return withColumns(key, { labels })
    },
  })
  return changedKey(parts, call, changed)
}

/** Gives labels to many keys, and takes others from them. */
export const labelUserKeyBatch: BatchableChange<LabelUserKeyInput, FullUserKeyView> = {
  action: 'LABEL_USER_KEY',
  naming: 'key',
  change: labelUserKey,
}

/** Switches automatic rotation on or off, or changes its cycle. */
export async function configureAutomaticRotation(
  parts: Dependencies,
  call: RequestContext,
  input: ConfigureAutomaticRotationInput,
): Promise<FullUserKeyView> {
  const { key: of, expectedRevision, enabled, cycleDays } = input
  const changed = await changeUserKey(parts, call, {
    action: 'CONFIGURE_AUTOMATIC_ROTATION',
    of,
    expectedRevision,
    details: { enabled },
    checkInput() {
      const issues = new InputIssues()
      checkCycleDays(issues, cycleDays, 'cycleDays')
      issues.throwIfAny()
    },
    decide(key, facts) {
      const before = key.row.rotationEnabled ? key.row.rotationCycleDays : rotationCycleDays.default
      const command = { type: 'configureRotation', enabled, cycleDays: cycleDays ?? before } as const
      return deciding(parts, command)(key, facts)
    },
  })
  return changedKey(parts, call, changed)
}

/** Deletes a key. Its ID is never used again. */
export async function deleteUserKey(
  parts: Dependencies,
  call: RequestContext,
  input: DeleteUserKeyInput,
): Promise<{ deletedKeyId: string; deletedKeyName: string }> {
  const { key: of, expectedRevision, confirmName } = input
  const { row } = await changeUserKey(parts, call, {
    action: 'DELETE_USER_KEY',
    of,
    expectedRevision,
    async decide(key, facts) {
      requireInput(confirmName === key.row.name, 'confirmName', 'must repeat the exact name of the key')
      return { ...(await deciding(parts, { type: 'deleteKey' })(key, facts)), remove: true }
    },
  })
  return { deletedKeyId: keyIdOf(row), deletedKeyName: row.name }
}

/** Keys with imported material start without a version, and the system never rotates them. */
function checkOrigin(
  issues: InputIssues,
  { origin, preActivation, automaticRotation }: CreateUserKeyInput,
): void {
  if (origin !== 'EXTERNAL') return
  issues.require(
    preActivation !== false,
    'preActivation',
    'must be true for origin EXTERNAL: the first import activates the key',
  )
  issues.require(
    automaticRotation?.enabled !== true,
    'automaticRotation.enabled',
    'must be false for origin EXTERNAL: the system makes no material for such a key',
  )
}

/** Algorithm and usage of a new key. */
interface AlgorithmChoice {
  readonly algorithm: string
  readonly usage: KeyUsage
}

/** Derives algorithm and usage from the input. Notes issues, and returns null if the input fits no algorithm. */
export function chooseAlgorithm(
  issues: InputIssues,
  input: Pick<CreateUserKeyInput, 'type' | 'usage' | 'algorithm'>,
  settings: DomainSettings,
): AlgorithmChoice | null {
  const name = input.algorithm ?? defaultAlgorithmOf(input)
  const entry = name === null ? undefined : findAlgorithm(name)
  if (entry === undefined) {
    issues.require(
      false,
      'algorithm',
      'must be given for this combination of type and usage (see keyAlgorithms)',
    )
    return null
  }
  const usages = Object.keys(entry.capabilities) as KeyUsage[]
  const usage = input.usage ?? (usages.length === 1 ? usages[0] : undefined)
  issues.require(
    settings.allowedAlgorithms.length === 0 || settings.allowedAlgorithms.includes(entry.name),
    'algorithm',
    'is not allowed on this server (see keyAlgorithms)',
  )
  issues.require(!input.type || input.type === entry.type, 'type', `must be ${entry.type} for this algorithm`)
  issues.require(
    usage !== undefined && usages.includes(usage),
    'usage',
    `must be ${usages.join(' or ')} for this algorithm`,
  )
  return usage === undefined ? null : { algorithm: entry.name, usage }
}

function defaultAlgorithmOf(input: Pick<CreateUserKeyInput, 'type' | 'usage'>): string | null {
  const usage = input.usage ?? 'ENCRYPT_DECRYPT'
  const fits = defaultAlgorithms.find(
    (each) => each.usage === usage && (!input.type || each.type === input.type),
  )
  return fits?.algorithm ?? null
}
