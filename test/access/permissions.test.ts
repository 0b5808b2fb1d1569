import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AccessEntry,
  type AccessFacts,
  accessFactsOf,
  allows,
  canReadAudit,
  canTransfer,
  type KeyPermission,
  type ListedPermission,
  permissionsOfRoles,
  permissionsOn,
  visibilityOf,
} from '../../src/keys/rules/access.ts'
import { storedList } from '../../src/keys/rules/access-list.ts'
import { type Caller, type CallerKind, formatSubject, roles } from '../../src/keys/rules/caller.ts'
import { type Ability, abilitiesByRole, type OperationAbility, operations } from './entitlement-table.ts'

const names = ['ada', 'bob', 'Olga']
const groups = ['payments', 'sales']
const subjects = [
  ...names.flatMap((name) =>
    (['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'] as const).map((kind) => formatSubject(kind, name)),
  ),
  ...groups.map((group) => formatSubject('GROUP', group)),
]
/** When entries expire, and when access is asked for. */
const moments = [0, 1, 2].map((ms) => new Date(Date.UTC(2026, 2, 1, 12, 0, 0, ms)))

const callers: fc.Arbitrary<Caller> = fc
  .record({
    kind: fc.constantFrom<CallerKind>('USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'),
    name: fc.constantFrom(...names),
    groups: fc.subarray(groups),
    projectId: fc.constantFrom('shop', 'shop', 'shop', 'elsewhere'),
    // A caller with many roles has nearly everything; what entries leave shows with a few.
    roles: fc.shuffledSubarray([...roles], { maxLength: 4 }).map((given) => new Set(given)),
  })
  .map((caller) => ({
    ...caller,
    subject: formatSubject(caller.kind, caller.name),
    tokenId: null,
    tokenExpiresAt: new Date('2026-03-01T13:00:00Z'),
  }))

const permissionOf: Readonly<Record<Ability, KeyPermission>> = {
  view: 'VIEW',
  encrypt: 'ENCRYPT',
  decrypt: 'DECRYPT',
  sign: 'SIGN',
  verify: 'VERIFY',
  generateMac: 'GENERATE_MAC',
  verifyMac: 'VERIFY_MAC',
  encapsulate: 'ENCAPSULATE',
  decapsulate: 'DECAPSULATE',
  derive: 'DERIVE',
  create: 'CREATE',
  manage: 'MANAGE',
  manageOwn: 'MANAGE_OWN',
  readAudit: 'READ_AUDIT',
  manageRoles: 'MANAGE_ROLES',
}

/** A context as pairs by name. */
type Pairs = Readonly<Record<string, string>>
const pairs: fc.Arbitrary<Pairs> = fc.dictionary(fc.constantFrom('tenant', 'app'), fc.constantFrom('a', 'b'))
const contextOf = (given: Pairs | null) =>
  given && Object.entries(given).map(([name, value]) => ({ name, value }))

/** An entry as a person would say it. */
interface Entry {
  readonly subject: string
  /** Null for no limit. */
  readonly only: readonly Ability[] | null
  readonly context: Pairs | null
  readonly until: Date | null
  readonly note: string
}

const entries: fc.Arbitrary<Entry> = fc.record({
  subject: fc.constantFrom(...subjects),
  only: fc.option(fc.subarray<Ability>(['view', ...operations, 'manage'], { minLength: 1 })),
  context: fc.option(pairs.filter((given) => Object.keys(given).length > 0)),
  until: fc.option(fc.constantFrom(...moments)),
  note: fc.constantFrom('', 'for a while'),
})

/** A key as a person would say it. */
interface Key {
  readonly kind: 'USER' | 'SERVICE'
  readonly owner: string | null
  readonly isClosed: boolean
  readonly listed: readonly string[]
  readonly entries: readonly Entry[]
}

const keys: fc.Arbitrary<Key> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('USER' as const),
      owner: fc.constantFrom(...subjects),
      isClosed: fc.boolean(),
      listed: fc.subarray(subjects, { maxLength: 2 }),
      entries: fc.array(entries, { maxLength: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      kind: 'SERVICE' as const,
      ...{ owner: null, isClosed: false, listed: [], entries: [] },
    }),
  },
)

/** The facts that the rules are given: from the stored form of the key. */
function factsOf(key: Key, now: Date): AccessFacts {
  return accessFactsOf(rowOf(key), now)
}

function rowOf({ kind, owner, isClosed, listed, entries: given }: Key) {
  const plain = listed.map((subject): AccessEntry => ({ subject, ...nothingMore }))
  const full = given.map(
    ({ subject, only, context, until, note }): AccessEntry => ({
      subject,
      permissions: only?.map((ability) => permissionOf[ability] as ListedPermission) ?? null,
      context: contextOf(context),
      expiresAt: until,
      note,
    }),
  )
  const stored = storedList([...plain, ...full])
  return { kind, projectId: 'shop', owner, accessControlEnabled: isClosed, ...stored }
}

const nothingMore = { permissions: null, context: null, expiresAt: null, note: '' }

interface Request {
  readonly caller: Caller
  readonly key: Key
  readonly now: Date
}

/** What a caller may do with a key: what the tables and design say, worked out for one caller and one key at a time. */
function expectedOf({ caller, key, now }: Request) {
  const has = (ability: Ability) => [...caller.roles].some((role) => abilitiesByRole[role].includes(ability))
  const own = [caller.subject, ...caller.groups.map((group) => `group:${group}`)]
  const isHere = caller.projectId === 'shop'
  const isUser = key.kind === 'USER'
  const owns = isHere && key.owner !== null && own.includes(key.owner)
  const isPlain = key.listed.some((subject) => own.includes(subject))
  const matching = key.entries.filter(
    ({ subject, until }) => own.includes(subject) && (until === null || now.getTime() < until.getTime()),
  )
  const isListed = key.isClosed && (isPlain || matching.length > 0)
  const isOpen = !key.isClosed && caller.kind !== 'SERVICE_AGENT'
  const isWhole = isHere && (!isUser || owns || isListed || isOpen)
  const isMasked = isHere && isUser && !isWhole && caller.kind !== 'SERVICE_AGENT'

  /** Whether an entry leaves an ability: with a context, with none, or with whatever context. */
  const isLeft = (ability: Ability, context: Pairs | null | 'WHATEVER') =>
    owns ||
    !key.isClosed ||
    isPlain ||
    matching.some(
      (entry) =>
        (entry.only === null || entry.only.includes(ability)) &&
        (ability === 'manage' || context === 'WHATEVER' || holds(entry.context, context)),
    )

  const may = (ability: Ability, context: Pairs | null | 'WHATEVER' = 'WHATEVER') => {
    if (!isWhole) return false
    switch (ability) {
      case 'view':
        return has('view')
      case 'readAudit':
        return has('readAudit') || (owns && has('view'))
      case 'manage':
        return isUser && (has('manage') || (owns && has('manageOwn'))) && isLeft('manage', context)
      case 'create':
      case 'manageOwn':
      case 'manageRoles':
        return false
      default:
        return isUser && has(ability) && isLeft(ability, context)
    }
  }
  return { may, owns, has, visibility: isWhole ? 'full' : isMasked ? 'redacted' : 'absent' }
}

function holds(required: Pairs | null, given: Pairs | null): boolean {
  if (required === null) return true
  return given !== null && Object.entries(required).every(([name, value]) => given[name] === value)
}

const abilities = Object.keys(permissionOf) as Ability[]
const requests = fc.record({ caller: callers, key: keys, now: fc.constantFrom(...moments) })

describe('what a caller may do', () => {
  it('follows from its roles, the key, its entries and the moment alone, whoever asked before about whatever', () => {
    const seen = new Map<string, number>()
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
    const lists = fc.tuple(
      fc.array(callers, { minLength: 1 }),
      fc.array(keys, { minLength: 1 }),
      fc.constantFrom(...moments),
    )
    fc.assert(
      fc.property(lists, ([asking, asked, now]) => {
        for (const caller of asking) {
          for (const key of asked) {
            const facts = factsOf(key, now)
            const { may, visibility, owns, has } = expectedOf({ caller, key, now })
            expect(visibilityOf(caller, facts)).toBe(visibility)
            const expected = abilities.filter((ability) => may(ability)).map((each) => permissionOf[each])
            expect(permissionsOn(caller, facts)).toEqual(expected)
            expect(canReadAudit(caller, facts)).toBe(may('readAudit'))
            expect(canTransfer(caller, facts)).toBe(may('manage') || (owns && has('view')))
            count(visibility)
            if (owns && key.owner?.startsWith('group:')) count('owner by a group')
            if (owns && caller.kind === 'SERVICE_AGENT') count('agent as owner')
            if (may('readAudit') && !has('readAudit')) count('audit of an owner')
            if (may('view') && has('sign') && !may('sign')) count('limited by an entry')
          }
        }
      }),
      { numRuns: 300 },
    )
    expect([...seen.keys()].sort()).toEqual([
      'absent',
      'agent as owner',
      'audit of an owner',
      'full',
      'limited by an entry',
      'owner by a group',
      'redacted',
    ])
  })

  it('is decided by the context of the call where entries have conditions', () => {
    const seen = new Set<string>()
    const ability = fc.constantFrom<Ability>(...abilities)
    fc.assert(
      fc.property(requests, ability, fc.option(pairs), (request, wanted, context) => {
        const { may } = expectedOf(request)
        const facts = factsOf(request.key, request.now)
        const allowed = allows(request.caller, facts, permissionOf[wanted], contextOf(context))
        expect(allowed).toBe(may(wanted, context))
        const isOperation = operations.some((each: OperationAbility) => each === wanted)
        if (isOperation && may(wanted)) seen.add(`${context === null ? 'without' : 'with'} ${allowed}`)
      }),
      { numRuns: 5000 },
    )
    expect([...seen].sort()).toEqual(['with false', 'with true', 'without false', 'without true'])
  })

  it('is that of the moment, also of a row that was asked about before, and after a clock was set back', () => {
    fc.assert(
      fc.property(callers, keys, fc.array(fc.constantFrom(...moments)), (caller, key, asked) => {
        const row = rowOf(key)
        for (const now of asked) {
          const { may } = expectedOf({ caller, key, now })
          const expected = abilities.filter((ability) => may(ability)).map((each) => permissionOf[each])
          expect(permissionsOn(caller, accessFactsOf(row, now))).toEqual(expected)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('before any key is looked at is the union of what its roles give', () => {
    fc.assert(
      fc.property(fc.array(callers, { minLength: 1 }), (asking) => {
        for (const caller of asking) {
          const given = [...caller.roles].flatMap((role) => abilitiesByRole[role])
          const permissions = new Set(given.map((each) => permissionOf[each]))
          expect(permissionsOfRoles(caller).toSorted()).toEqual([...permissions].sort())
        }
      }),
      { numRuns: 300 },
    )
  })
})
