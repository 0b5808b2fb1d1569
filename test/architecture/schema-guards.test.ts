import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { wholeKeyOnly } from '../../src/schema/redaction.ts'
import { redactedValueOf } from '../access/whole-selection.ts'
import { alwaysVisible } from './always-visible.ts'

/** What the builder was told about a type or field, as far as it concerns access. */
interface Guard {
  readonly authScopes?: unknown
  readonly unauthorizedResolver?: unknown
  readonly skipTypeScopes?: boolean
}

interface Place {
  readonly path: string
  readonly type: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
}

const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !isIntrospectionType(type),
)
const places: readonly Place[] = objects.flatMap((type) =>
  Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, type, field })),
)

function guardOf(element: { readonly extensions: Readonly<Record<string, unknown>> }): Guard {
  return element.extensions['pothosOptions'] as Guard
}

function isGuarded({ type, field }: Place): boolean {
  const guard = guardOf(field)
  return (
    guard.authScopes !== undefined ||
    // A version is hidden as a whole, by a guard of its type for all of its fields.
    (guardOf(type).authScopes !== undefined && guard.skipTypeScopes !== true)
  )
}

function isOnList({ type, field }: Place): boolean {
  return alwaysVisible[type.name]?.includes(field.name) ?? false
}

describe('the guards of the schema', () => {
  it('stand before every field that is not always visible', () => {
    expect(places.length).toBeGreaterThan(150)
    expect(places.filter((place) => !isGuarded(place) && !isOnList(place)).map(({ path }) => path)).toEqual(
      [],
    )
  })

  it('are all needed: no field is both guarded and always visible, and the list names no field that is not there', () => {
    expect(places.filter((place) => isGuarded(place) && isOnList(place)).map(({ path }) => path)).toEqual([])
    const known = Object.entries(alwaysVisible).flatMap(([name, fields]) => {
      const type = schema.getType(name) as GraphQLObjectType | GraphQLInterfaceType | undefined
      return fields
        .filter((field) => type?.getFields()[field] === undefined)
        .map((field) => `${name}.${field}`)
    })
    expect(known).toEqual([])
  })

  const keys = places.filter(({ type }) => type.getInterfaces().some(({ name }) => name === 'Key'))

  it('let a redacted user key show eight fields', () => {
    expect(
      keys
        .filter((place) => place.type.name === 'UserKey' && isOnList(place))
        .map(({ field }) => field.name)
        .sort(),
    ).toEqual([
      'accessControlEnabled',
      'createdAt',
      'createdBy',
      'description',
      'id',
      'name',
      'partialId',
      'viewerCanAccess',
    ])
  })

  const hidden = keys.filter((place) => !isOnList(place))

  it('answer two hidden fields of redacted keys by a value that is the same for all of them', () => {
    const answered = hidden.filter(({ field }) => redactedValueOf(field.name) !== null)
    expect(answered.map(({ path }) => path)).toEqual([
      'ServiceKey.canProtect',
      'ServiceKey.cannotProtectReason',
      'UserKey.canProtect',
      'UserKey.cannotProtectReason',
    ])
  })

  it.each(hidden)('$path is hidden when redacted', ({ field }) => {
    const standIn = redactedValueOf(field.name)
    expect(isNonNullType(field.type)).toBe(field.name === 'canProtect')
    const guard = guardOf(field) as Guard & { readonly unauthorizedResolver: () => unknown }
    expect(guard.authScopes).toBe(wholeKeyOnly.authScopes)
    expect(guard.unauthorizedResolver).toHaveLength(0)
    expect(guard.unauthorizedResolver()).toBe(standIn)
    const key = { access: 'full' }
    expect(wholeKeyOnly.authScopes(key as never)).toEqual({ wholeKey: key })
  })

  it('name in the description of a field what it is when redacted, but not of a service key, which never is', () => {
    const named = keys.filter(({ field }) =>
      /(Null|False|NO_ACCESS) when redacted\.$/.test(field.description ?? ''),
    )
    expect(named.map(({ path }) => path)).toEqual(
      keys.filter((place) => place.type.name === 'UserKey' && !isOnList(place)).map(({ path }) => path),
    )
    const ofServices = keys.filter(({ type }) => type.name === 'ServiceKey')
    expect(ofServices.length).toBeGreaterThan(10)
    expect(ofServices.filter(({ field }) => /redacted/i.test(field.description ?? ''))).toEqual([])
  })

  it('hide a version by the access to its key', () => {
    const version = schema.getType('KeyVersion') as GraphQLObjectType
    const scopes = guardOf(version).authScopes as (view: object) => unknown
    const view = { kind: 'VERSION' }
    expect(scopes(view)).toEqual({ wholeVersion: view })
    expect(Object.values(version.getFields()).filter((field) => guardOf(field).skipTypeScopes)).toEqual([])
  })

  it('ask for a viewing role before every query, but the ones about the caller itself, the schema and roles', () => {
    const guards = Object.values(schema.getQueryType()?.getFields() ?? {}).map(
      (field) => [field.name, guardOf(field).authScopes] as const,
    )
    const others: Readonly<Record<string, object>> = {
      viewer: { authenticated: true },
      _service: { authenticated: true },
      roleBindings: { permission: 'MANAGE_ROLES' },
    }
    expect(guards.filter(([name]) => others[name] === undefined)).toSatisfy(
      (queries: typeof guards) =>
        queries.length > 0 &&
        queries.every(([, scopes]) => JSON.stringify(scopes) === JSON.stringify({ permission: 'VIEW' })),
    )
    expect(Object.fromEntries(guards.filter(([name]) => others[name] !== undefined))).toEqual(others)
  })

  it('ask for a viewing role before every subscription', () => {
    const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {})
    expect(fields.length).toBeGreaterThan(0)
    for (const field of fields) {
      expect(guardOf(field).authScopes, field.name).toEqual({ permission: 'VIEW' })
    }
  })

  it('hide an event by the permission to read about its key', () => {
    const event = schema.getType('AuditEvent') as GraphQLObjectType
    const scopes = guardOf(event).authScopes as (view: object) => unknown
    const view = { kind: 'AUDIT_EVENT' }
    expect(scopes(view)).toEqual({ readableEvent: view })
    expect(Object.values(event.getFields()).filter((field) => guardOf(field).skipTypeScopes)).toEqual([])
  })

  it('leave mutations to the domain, which puts refusals on record', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
    expect(fields.length).toBeGreaterThan(20)
    for (const field of fields) expect(guardOf(field).authScopes, field.name).toEqual({ authenticated: true })
  })
})
