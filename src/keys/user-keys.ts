import { isNameTaken } from '../store/key-rows.ts'
import { chooseAlgorithm } from './algorithm-choice.ts'
import { attemptOfCall, recordingRefusals } from './attempt.ts'
import { requireRoleFor } from './authorise.ts'
import { type Call, subjectSet } from './caller.ts'
import { changeUserKey, deciding, withColumns } from './change-key.ts'
import { createKey } from './create-key.ts'
import type {
  ConfigureAutomaticRotationInput,
  CreateUserKeyInput,
  DeleteUserKeyInput,
  UpdateUserKeyInput,
} from './domain.ts'
import type { DomainParts } from './domain-parts.ts'
import { NameTakenError } from './errors.ts'
import {
  checkCycleDays,
  checkDescription,
  checkName,
  checkOrigin,
  checkSubjects,
  InputIssues,
  requireInput,
  rotationCycleDays,
} from './input.ts'
import type { LockedKey } from './locked-key.ts'
import { keyIdOf } from './view-builder.ts'

/** Creates a user key, owned by its creator. */
export function createUserKey(parts: DomainParts, call: Call, input: CreateUserKeyInput): Promise<LockedKey> {
  return recordingRefusals(parts, attemptOfCall(call, 'CREATE_USER_KEY'), async (attempt) => {
    requireRoleFor(call, 'CREATE')
    const { algorithm, usage } = checkNewKey(parts, input)
    const origin = input.origin ?? 'KEYSTEAD'
    attempt.details = { name: input.name, algorithm, usage, origin }
    const key = await createKey(parts, attempt, {
      projectId: call.caller.projectId,
      kind: 'USER',
      name: input.name,
      description: input.description ?? '',
      serviceName: null,
      usage,
      algorithm,
      origin,
      createdBy: call.caller.subject,
      owner: call.caller.subject,
      accessControlEnabled: input.accessControl?.enabled ?? false,
      allowedSubjects: subjectSet(input.accessControl?.allowedSubjects ?? []),
      rotationEnabled: input.automaticRotation?.enabled ?? false,
      rotationCycleDays: input.automaticRotation?.cycleDays ?? rotationCycleDays.default,
      preActivation: origin === 'EXTERNAL' || (input.preActivation ?? false),
    })
    if (key === null) throw new NameTakenError(input.name)
    return key
  })
}

function checkNewKey(parts: DomainParts, input: CreateUserKeyInput) {
  const issues = new InputIssues()
  checkName(issues, input.name)
  checkDescription(issues, input.description ?? '')
  checkCycleDays(issues, input.automaticRotation?.cycleDays, 'automaticRotation.cycleDays')
  checkOrigin(issues, input)
  const subjects = input.accessControl?.allowedSubjects ?? []
  checkSubjects(issues, subjects, 'accessControl.allowedSubjects')
  issues.require(
    subjects.length === 0 || input.accessControl?.enabled === true,
    'accessControl.allowedSubjects',
    'needs access control to be enabled',
  )
  const choice = chooseAlgorithm(issues, input, parts.settings)
  issues.throwIfAny()
  if (choice === null) throw new TypeError('a choice that is not possible has an issue')
  return choice
}

/** Changes name or description. */
export function updateUserKey(parts: DomainParts, call: Call, input: UpdateUserKeyInput): Promise<LockedKey> {
  const { keyId, expectedRevision, name, description } = input
  return changeUserKey(parts, call, {
    action: 'UPDATE_USER_KEY',
    keyId,
    expectedRevision,
    checkInput() {
      const issues = new InputIssues()
      if (name !== null && name !== undefined) checkName(issues, name)
      checkDescription(issues, description ?? '')
      issues.require((name ?? description ?? null) !== null, 'name', 'or description must be given')
      issues.throwIfAny()
    },
    async decide(key, tx) {
      const wanted = { projectId: key.row.projectId, name: name ?? key.row.name, exceptId: key.row.id }
      if (await isNameTaken(tx, wanted)) throw new NameTakenError(wanted.name)
      return withColumns(key, { name: wanted.name, description: description ?? key.row.description })
    },
  })
}

/** Switches automatic rotation on or off, or changes its cycle. */
export function configureAutomaticRotation(
  parts: DomainParts,
  call: Call,
  input: ConfigureAutomaticRotationInput,
): Promise<LockedKey> {
  const { keyId, expectedRevision, enabled, cycleDays } = input
  return changeUserKey(parts, call, {
    action: 'CONFIGURE_AUTOMATIC_ROTATION',
    keyId,
    expectedRevision,
    details: { enabled },
    checkInput() {
      const issues = new InputIssues()
      checkCycleDays(issues, cycleDays, 'cycleDays')
      issues.throwIfAny()
    },
    decide(key, ...rest) {
      const before = key.row.rotationEnabled ? key.row.rotationCycleDays : rotationCycleDays.default
      const command = { type: 'configureRotation', enabled, cycleDays: cycleDays ?? before } as const
      return deciding(parts, command)(key, ...rest)
    },
  })
}

/** Deletes a key for good; its ID is never used again. */
export async function deleteUserKey(
  parts: DomainParts,
  call: Call,
  input: DeleteUserKeyInput,
): Promise<{ deletedKeyId: string; deletedKeyName: string }> {
  const { keyId, expectedRevision, confirmName } = input
  const { row } = await changeUserKey(parts, call, {
    action: 'DELETE_USER_KEY',
    keyId,
    expectedRevision,
    async decide(key, ...rest) {
      requireInput(confirmName === key.row.name, 'confirmName', 'must repeat the exact name of the key')
      return { ...(await deciding(parts, { type: 'deleteKey' })(key, ...rest)), remove: true }
    },
  })
  return { deletedKeyId: keyIdOf(row), deletedKeyName: row.name }
}
