import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AccessFacts,
  type KeyPermission,
  permissionsOfRoles,
  permissionsOn,
} from '../../src/keys/rules/access.ts'
import { type Caller, type CallerKind, formatSubject, roles } from '../../src/keys/rules/caller.ts'
import { type Ability, abilitiesByRole } from './entitlement-table.ts'

const names = ['ada', 'bob', 'olga']
const groups = ['payments', 'sales']
const subjects = [
  ...names.flatMap((name) => [formatSubject('USER', name), formatSubject('SERVICE_ACCOUNT', name)]),
  ...groups.map((group) => formatSubject('GROUP', group)),
]

const callers: fc.Arbitrary<Caller> = fc
  .record({
    kind: fc.constantFrom<CallerKind>('USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'),
    name: fc.constantFrom(...names),
    groups: fc.subarray(groups),
    projectId: fc.constantFrom('shop', 'elsewhere'),
    roles: fc.shuffledSubarray([...roles]).map((given) => new Set(given)),
  })
  .map((caller) => ({
    ...caller,
    subject: formatSubject(caller.kind, caller.name),
    tokenId: null,
    tokenExpiresAt: new Date('2026-03-01T12:00:00Z'),
  }))

const keys: fc.Arbitrary<AccessFacts> = fc.oneof(
  fc.record({
    kind: fc.constant('USER'),
    projectId: fc.constant('shop'),
    owner: fc.constantFrom(...subjects),
    accessControlEnabled: fc.boolean(),
    allowedSubjects: fc.subarray(subjects, { maxLength: 3 }),
  }),
  fc.constant({
    kind: 'SERVICE',
    projectId: 'shop',
    owner: null,
    accessControlEnabled: false,
    allowedSubjects: [],
  }),
)

/** The table of roles and the rules of visibility, worked out for one caller and one key at a time. */
function expectedOn(caller: Caller, key: AccessFacts): string[] {
  if (caller.projectId !== key.projectId) return []
  const has = (ability: Ability) => [...caller.roles].some((role) => abilitiesByRole[role].includes(ability))
  const own = [caller.subject, ...caller.groups.map((group) => `group:${group}`)]
  const isListed = key.accessControlEnabled && key.allowedSubjects.some((subject) => own.includes(subject))
  const owns = key.owner === caller.subject
  const isOpen = !key.accessControlEnabled && caller.kind !== 'SERVICE_AGENT'
  if (key.kind === 'USER' && !owns && !isListed && !isOpen) return []
  const isUser = key.kind === 'USER'
  return [
    ...(has('view') ? ['VIEW'] : []),
    ...(isUser && has('use') ? ['USE'] : []),
    ...(isUser && (has('manage') || (owns && has('manageOwn'))) ? ['MANAGE'] : []),
    ...(has('readAudit') ? ['READ_AUDIT'] : []),
  ]
}

const permissionOf: Readonly<Record<Ability, KeyPermission>> = {
  view: 'VIEW',
  use: 'USE',
  create: 'CREATE',
  manage: 'MANAGE',
  manageOwn: 'MANAGE_OWN',
  readAudit: 'READ_AUDIT',
  manageRoles: 'MANAGE_ROLES',
}

describe('what a caller may do', () => {
  it('follows from its roles and the key alone, whoever asked before about whatever', () => {
    fc.assert(
      fc.property(fc.array(callers, { minLength: 1 }), fc.array(keys, { minLength: 1 }), (asking, asked) => {
        for (const caller of asking) {
          for (const key of asked) expect(permissionsOn(caller, key)).toEqual(expectedOn(caller, key))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('before any key is looked at is the union of what its roles give', () => {
    fc.assert(
      fc.property(fc.array(callers, { minLength: 1 }), (asking) => {
        for (const caller of asking) {
          const given = [...caller.roles].flatMap((role) => abilitiesByRole[role])
          const permissions = new Set(given.map((ability) => permissionOf[ability]))
          expect(permissionsOfRoles(caller).toSorted()).toEqual([...permissions].sort())
        }
      }),
      { numRuns: 300 },
    )
  })
})
