import { claimName, lockKey, putAlias, removeAlias } from '../../store/rows/key-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  auditContextOf,
  findUserKeyFor,
  recordingRefusals,
  requireAccess,
  requireRoleFor,
} from '../parts/request.ts'
import type { FullUserKeyView } from '../reading/views.ts'
import type { RequestContext } from '../rules/caller.ts'
import { KeyNotFoundError, NameTakenError } from '../rules/errors.ts'
import { aliasesMax, checkName, InputIssues, requireInput } from '../rules/input.ts'
import {
  changedKey,
  changeKeys,
  changeUserKey,
  conflictOf,
  type Expecting,
  type KeyInput,
  requireStillNamed,
  withColumns,
  withRecordedStates,
} from './change-key.ts'
import { stateOf } from './locked-key.ts'
import type { Decision } from './write-change.ts'

/** A new alias of a key. */
export interface CreateAliasInput extends KeyInput {
  readonly alias: string
}

/** An alias, and the key that it is to stand for. */
export interface RepointAliasInput {
  readonly alias: string
  /** ID, name or alias. */
  readonly key: string
}

/** An alias to remove. */
export interface DeleteAliasInput extends Expecting {
  readonly alias: string
}

/** The key that an alias stands for now, and the key that it stood for before. */
export interface RepointedAlias {
  readonly key: FullUserKeyView
  readonly previousKey: FullUserKeyView
}

/** Gives a key a further name. */
export async function createAlias(
  parts: Dependencies,
  call: RequestContext,
  input: CreateAliasInput,
): Promise<FullUserKeyView> {
  const { alias } = input
  const changed = await changeUserKey(parts, call, {
    action: 'CREATE_ALIAS',
    of: input.key,
    expectedRevision: input.expectedRevision,
    details: { alias },
    checkInput: () => checkAlias(alias),
    async decide(key, { tx }) {
      requireRoom(key)
      const { projectId } = key.row
      if (!(await claimName(tx, { projectId, name: alias }))) throw new NameTakenError(alias)
      return withAlias(key, alias)
    },
  })
  return changedKey(parts, call, changed)
}

/** Takes an alias from the key that has it. Another key can have it then. */
export async function deleteAlias(
  parts: Dependencies,
  call: RequestContext,
  { alias, expectedRevision }: DeleteAliasInput,
): Promise<FullUserKeyView> {
  const changed = await changeUserKey(parts, call, {
    action: 'DELETE_ALIAS',
    of: alias,
    expectedRevision,
    details: { alias },
    checkInput: (row) => requireAlias(row, alias),
    decide(key, { now }) {
      requireStillAlias(key, alias, now)
      const { projectId } = key.row
      return {
        ...withColumns(key, { aliases: without(key, alias) }),
        alsoWrite: (tx) => removeAlias(tx, { projectId, name: alias }),
      }
    },
  })
  return changedKey(parts, call, changed)
}

/** Makes an alias stand for another key, in one step: at no time does it stand for none. Both keys have it on record. */
export async function repointAlias(
  parts: Dependencies,
  call: RequestContext,
  { alias, key: reference }: RepointAliasInput,
): Promise<RepointedAlias> {
  const context = auditContextOf(call, 'REPOINT_ALIAS')
  return recordingRefusals(parts, context, async () => {
    requireRoleFor(call, 'MANAGE', 'MANAGE_OWN')
    const wanted = { permission: 'MANAGE' } as const
    const before = await findUserKeyFor({ parts, call, context }, alias, wanted)
    requireAlias(before.row, alias)
    const after = await findUserKeyFor({ parts, call, context }, reference, wanted)
    context.details = { alias, standsForThisKey: true }
    const contextBefore = {
      ...auditContextOf(call, 'REPOINT_ALIAS'),
      keyId: before.row.id,
      details: { alias, standsForThisKey: false },
    }
    const { projectId } = call.caller
    const outcomes = await changeKeys(parts, {
      isOneChange: true,
      contextOf: ({ id }) => (id === after.row.id ? context : contextBefore),
      materialFor: async () => null,
      async lock(tx) {
        const ids = [...new Set([before.row.id, after.row.id])].sort()
        const keys: WholeKey[] = []
        // In one order, so that two changes never wait for each other.
        for (const id of ids) {
          await lockKey(tx, { projectId, id })
          const key = await findWholeKey(tx, { projectId, id })
          if (key === null) throw new KeyNotFoundError()
          keys.push(key)
        }
        return withRecordedStates(tx, keys)
      },
      decide(key, { now }) {
        // Checked again under the lock: the access lists may have changed since.
        requireAccess({ parts, call }, key.row, wanted)
        if (key.row.id === before.row.id) requireStillAlias(key, alias, now)
        if (key.row.id === after.row.id) requireStillNamed(parts, key, { reference, now })
        if (before.row.id === after.row.id) return { state: stateOf(key) }
        if (key.row.id === before.row.id) return withColumns(key, { aliases: without(key, alias) })
        requireRoom(key)
        return withAlias(key, alias)
      },
    })
    const failed = outcomes.find(({ error }) => error !== null)
    if (failed !== undefined) {
      // On record of the key that it is refused for.
      const { keyId, details } = failed.context
      Object.assign(context, { keyId, details })
      throw failed.error
    }
    const viewOf = (id: string): FullUserKeyView => {
      const key = outcomes.find((outcome) => outcome.key.row.id === id)?.key
      if (key === undefined) throw new KeyNotFoundError()
      return changedKey(parts, call, key)
    }
    return { key: viewOf(after.row.id), previousKey: viewOf(before.row.id) }
  })
}

function checkAlias(alias: string): void {
  const issues = new InputIssues()
  checkName(issues, alias, 'alias')
  issues.throwIfAny()
}

function requireRoom({ row }: WholeKey): void {
  requireInput(row.aliases.length < aliasesMax, 'alias', `must be one of at most ${aliasesMax} of the key`)
}

function requireAlias({ aliases }: WholeKey['row'], alias: string): void {
  requireInput(aliases.includes(alias), 'alias', 'must be an alias, not the ID or the name of a key')
}

/** Throws ConflictError if the alias was taken from the key since it was found. */
function requireStillAlias(key: WholeKey, alias: string, now: Date): void {
  if (!key.row.aliases.includes(alias)) throw conflictOf(key, now)
}

/** The decision that gives a key an alias, in place of the key that has it. */
function withAlias(key: WholeKey, alias: string): Decision {
  const { projectId, id: keyId, aliases } = key.row
  return {
    ...withColumns(key, { aliases: [...aliases, alias].sort() }),
    alsoWrite: (tx) => putAlias(tx, { projectId, name: alias, keyId }),
  }
}

function without({ row }: WholeKey, alias: string): readonly string[] {
  return row.aliases.filter((each) => each !== alias)
}
