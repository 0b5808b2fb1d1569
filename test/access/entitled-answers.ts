import type { Role } from '../../src/keys/rules/caller.ts'
import {
  type Ability,
  abilitiesByRole,
  type FieldRule,
  fieldRules,
  operations,
  type Standing,
  type StandingKey,
} from './entitlement-table.ts'
import { redactedValueOf } from './whole-selection.ts'

/** What the table gives a caller, in general and on one key. */
export interface Entitled {
  /** By its roles, whatever the key. */
  readonly abilities: ReadonlySet<Ability>
  readonly sees: 'whole' | 'redacted' | 'absent'
  /** Operations that its roles give, and that an entry on the list of the key leaves. */
  readonly operations: ReadonlySet<Ability>
  readonly manages: boolean
  readonly owns: boolean
  readonly readsAudit: boolean
  /** Subject string of the caller. */
  readonly subject: string
  /** What stands for the ID of the key where it is redacted. */
  readonly maskedId?: string
}

/** What a caller is entitled to; `key` is null for what is about no user key. */
export function entitledTo(standing: Standing, roles: readonly Role[], key: StandingKey | null): Entitled {
  const abilities = new Set(roles.flatMap((role) => abilitiesByRole[role]))
  const isElsewhere = standing.person.project !== undefined
  const sees = key === null ? (isElsewhere ? 'absent' : 'whole') : standing.sees[key]
  const isWhole = sees === 'whole'
  const owns = key !== null && isWhole && standing.owns.includes(key)
  const left = key === 'closed' ? standing.left : undefined
  const isLeft = (ability: Ability) => isWhole && (left?.includes(ability) ?? true)
  return {
    abilities,
    sees,
    operations: new Set(operations.filter((each) => abilities.has(each) && isLeft(each))),
    manages: isLeft('manage') && (abilities.has('manage') || (abilities.has('manageOwn') && owns)),
    owns,
    subject: subjectOf(standing.person),
    readsAudit: isWhole && (abilities.has('readAudit') || (owns && abilities.has('view'))),
  }
}

function subjectOf({ name, kind = 'USER' }: Standing['person']): string {
  return `${{ USER: 'user', SERVICE_ACCOUNT: 'service-account', SERVICE_AGENT: 'service-agent' }[kind]}:${name}`
}

/** What a query must answer to a caller, made of what it answers to somebody who is entitled to everything. */
export function expectedOf(field: string, reference: unknown, entitled: Entitled): unknown {
  if (field === 'keyAlgorithms' || field === '_service') return reference
  switch (field) {
    case 'userKeys':
    case 'serviceKeys':
    case 'upcomingEvents':
    case 'auditEvents':
    case 'roleBindings': {
      const isThere = entitled.sees === 'whole' || (entitled.sees === 'redacted' && field === 'userKeys')
      if (isThere) return shownTo(reference, entitled)
      return { ...(reference as object), totalCount: 0, nodes: [], edges: [] }
    }
    case 'usageSeries':
      return entitled.readsAudit ? reference : { ...(reference as object), points: [] }
    case 'userKeyCounts':
      return countsShownTo(reference as Counts, entitled)
    case 'nodes':
    case '_entities':
      return (reference as unknown[]).map((one) =>
        isThereFor(entitled, one) ? shownTo(one, entitled) : null,
      )
    case 'destroyImpact':
    case 'explainAccess':
      return entitled.manages ? shownTo(reference, entitled) : null
    case 'explainMyAccess':
      return explanationFor(entitled)
    default:
      return isThereFor(entitled, reference) ? shownTo(reference, entitled) : null
  }
}

interface Counts {
  readonly total: number
  readonly byStatus: readonly object[]
}

/** The one key counts by its state where it is whole, and otherwise without, if at all. */
function countsShownTo(reference: Counts, { sees }: Entitled): object {
  if (sees === 'whole') return reference
  const total = sees === 'redacted' ? reference.total : 0
  return {
    ...reference,
    total,
    redacted: total,
    byStatus: reference.byStatus.map((entry) => ({ ...entry, count: 0 })),
  }
}

/** What the caller is told about its own access, for signing: a verdict, and of a redacted key nobody's name but its own. */
function explanationFor({ sees, operations: left, subject }: Entitled): unknown {
  if (sees === 'absent') return null
  const allowed = left.has('sign')
  return {
    asymmetricMatch(answer: { allowed: unknown; visibility: unknown; missing: unknown[] }) {
      const named = JSON.stringify(answer).match(/"(?:user|group|service-a\w+):[^"]*"/g) ?? []
      return (
        answer.allowed === allowed &&
        answer.visibility === (sees === 'whole' ? 'FULL' : 'REDACTED') &&
        answer.missing.length > 0 !== allowed &&
        (sees === 'whole' || named.every((name) => name === JSON.stringify(subject)))
      )
    },
  }
}

/** Whether there is such an object for the caller at all. */
function isThereFor({ sees, abilities, readsAudit }: Entitled, object: unknown): boolean {
  const { __typename: type } = object as { __typename?: string }
  if (type === 'AuditEvent' && !readsAudit) return false
  if (type === 'RoleBinding' && !abilities.has('manageRoles')) return false
  return sees === 'whole' || (sees === 'redacted' && type === 'UserKey')
}

/** Takes out of an answer, at any depth, what the caller must not have. */
function shownTo(value: unknown, entitled: Entitled): unknown {
  if (Array.isArray(value)) return value.map((item) => shownTo(item, entitled))
  if (typeof value !== 'object' || value === null) return value
  const { __typename: type = '' } = value as { __typename?: string }
  return Object.fromEntries(
    Object.entries(value).map(([name, inside]) => [
      name,
      fieldShownTo({ type, name, inside, isNested: !('viewerCanAccess' in value) }, entitled),
    ]),
  )
}

function fieldShownTo(
  { type, name, inside, isNested }: { type: string; name: string; inside: unknown; isNested: boolean },
  entitled: Entitled,
): unknown {
  const rules = Object.entries(fieldRules[type] ?? {}) as [FieldRule, readonly string[]][]
  const rule = rules.find(([, names]) => names.includes(name))?.[0]
  const isWhole = entitled.sees === 'whole'
  switch (rule) {
    case 'WHOLE':
      return isWhole ? shownTo(inside, entitled) : redactedValueOf(name)
    case 'HISTORY':
      return entitled.readsAudit ? shownTo(inside, entitled) : null
    case 'DISCREET':
      return entitled.readsAudit ? inside : expectDiscreet()
    case 'OWN':
      return isNested && name === 'id' ? inside : ownValue(name, inside, entitled)
    default:
      return shownTo(inside, entitled)
  }
}

function ownValue(name: string, inside: unknown, entitled: Entitled): unknown {
  const { sees, abilities, operations: left, manages, readsAudit, maskedId } = entitled
  switch (name) {
    case 'id':
      return sees === 'redacted' ? maskedId : inside
    case 'viewerCanAccess':
      return sees === 'whole'
    case 'viewerPermissions':
      if (sees !== 'whole') return null
      return [
        ...(abilities.has('view') ? ['VIEW'] : []),
        // The keys are for signatures.
        ...(left.has('sign') ? ['SIGN'] : []),
        ...(left.has('verify') ? ['VERIFY'] : []),
        ...(manages ? ['MANAGE'] : []),
        ...(readsAudit ? ['READ_AUDIT'] : []),
      ]
    default:
      return inside
  }
}

/** Matches a sentence that names no subject. */
function expectDiscreet(): unknown {
  return {
    asymmetricMatch: (text: unknown) => typeof text === 'string' && !/user:|service-|group:/.test(text),
  }
}
