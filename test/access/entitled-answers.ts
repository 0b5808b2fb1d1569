import type { Role } from '../../src/keys/rules/caller.ts'
import {
  type Ability,
  abilitiesByRole,
  type FieldRule,
  fieldRules,
  type Standing,
} from './entitlement-table.ts'

/** What the table gives a caller, in general and on one key. */
export interface Entitled {
  readonly abilities: ReadonlySet<Ability>
  readonly sees: 'whole' | 'redacted' | 'absent'
  readonly manages: boolean
  /** What stands for the ID of the key where it is redacted. */
  readonly maskedId?: string
}

/** What a caller is entitled to; `key` is null for what is about no user key. */
export function entitledTo(
  standing: Standing,
  roles: readonly Role[],
  key: 'closed' | 'open' | null,
): Entitled {
  const abilities = new Set(roles.flatMap((role) => abilitiesByRole[role]))
  const isElsewhere = standing.person.project !== undefined
  const sees = key === null ? (isElsewhere ? 'absent' : 'whole') : standing[key]
  const manages =
    sees === 'whole' && (abilities.has('manage') || (abilities.has('manageOwn') && standing.owns))
  return { abilities, sees, manages }
}

/** What a query must answer to a caller, made of what it answers to somebody who is entitled to everything. */
export function expectedOf(field: string, reference: unknown, entitled: Entitled): unknown {
  if (field === 'keyAlgorithms' || field === '_service') return reference
  switch (field) {
    case 'userKeys':
    case 'serviceKeys':
    case 'auditEvents':
    case 'roleBindings': {
      const isThere = entitled.sees === 'whole' || (entitled.sees === 'redacted' && field === 'userKeys')
      if (isThere) return shownTo(reference, entitled)
      return { ...(reference as object), totalCount: 0, nodes: [], edges: [] }
    }
    case 'nodes':
    case '_entities':
      return (reference as unknown[]).map((one) =>
        isThereFor(entitled, one) ? shownTo(one, entitled) : null,
      )
    case 'destroyImpact':
    case 'explainAccess':
      return entitled.manages ? shownTo(reference, entitled) : null
    default:
      return isThereFor(entitled, reference) ? shownTo(reference, entitled) : null
  }
}

/** Whether there is such an object for the caller at all. */
function isThereFor({ sees, abilities }: Entitled, object: unknown): boolean {
  const { __typename: type } = object as { __typename?: string }
  if (type === 'AuditEvent' && !abilities.has('readAudit')) return false
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
  const readsAudit = isWhole && entitled.abilities.has('readAudit')
  switch (rule) {
    case 'WHOLE':
      return isWhole ? shownTo(inside, entitled) : null
    case 'HISTORY':
      return readsAudit ? shownTo(inside, entitled) : null
    case 'DISCREET':
      return readsAudit ? inside : expectDiscreet()
    case 'OWN':
      return isNested && name === 'id' ? inside : ownValue(name, inside, entitled)
    default:
      return shownTo(inside, entitled)
  }
}

function ownValue(name: string, inside: unknown, { sees, abilities, manages, maskedId }: Entitled): unknown {
  switch (name) {
    case 'id':
      return sees === 'redacted' ? maskedId : inside
    case 'viewerCanAccess':
      return sees === 'whole'
    case 'viewerPermissions':
      if (sees !== 'whole') return null
      return [
        ...(abilities.has('view') ? ['VIEW'] : []),
        ...(abilities.has('use') ? ['USE'] : []),
        ...(manages ? ['MANAGE'] : []),
        ...(abilities.has('readAudit') ? ['READ_AUDIT'] : []),
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
