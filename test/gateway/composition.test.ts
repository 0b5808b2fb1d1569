import { composeServices as composeByApollo } from '@apollo/composition'
import { composeServices as composeByTheGuild } from '@theguild/federation-composition'
import { federateSubgraphs, ROUTER_COMPATIBILITY_VERSION_ONE } from '@wundergraph/composition'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'
import { withPrefix } from '../../src/schema/prefix.ts'
import { sdlOf } from '../federation/subgraphs.ts'

type Subgraphs = Readonly<Record<string, string>>

const parsed = (subgraphs: Subgraphs) =>
  Object.entries(subgraphs).map(([name, sdl]) => ({ name, url: `http://${name}.test`, typeDefs: parse(sdl) }))

/** Number of errors of each composition. */
const composers = [
  { name: "Apollo's", errorsOf: (all: Subgraphs) => composeByApollo(parsed(all)).errors?.length ?? 0 },
  { name: "The Guild's", errorsOf: (all: Subgraphs) => composeByTheGuild(parsed(all)).errors?.length ?? 0 },
  {
    name: "Cosmo's",
    errorsOf(all: Subgraphs) {
      const subgraphs = parsed(all).map(({ typeDefs, ...each }) => ({ ...each, definitions: typeDefs }))
      const result = federateSubgraphs({ subgraphs, version: ROUTER_COMPATIBILITY_VERSION_ONE })
      return result.success ? 0 : result.errors.length
    },
  },
]

const keystead = printSubgraph(schema)
const prefixed = printSubgraph(withPrefix(schema, 'Kms'))
const users = sdlOf('users')

describe.each(composers)('in $name composition', ({ errorsOf }) => {
  it('Keystead composes with subgraphs that refer to it, with a prefix or without', () => {
    const others = { users, vaults: sdlOf('vaults'), customers: sdlOf('customers') }
    expect(errorsOf({ keystead, ...others })).toBe(0)
    expect(errorsOf({ keystead: prefixed, ...others })).toBe(0)
  })

  it('Keystead composes with a subgraph that has some of its names with a prefix only', () => {
    const others = { users, clashing: sdlOf('clashing') }
    expect(errorsOf({ keystead, ...others })).toBeGreaterThan(0)
    expect(errorsOf({ keystead: prefixed, ...others })).toBe(0)
  })

  it.each([
    ['Query.viewer', 'type Query { viewer: String }'],
    ['Mutation.encrypt', 'type Mutation { encrypt: String }'],
    ['Role', 'type Query { role: Role } type Role { id: ID! }'],
    ['Subject', 'type Query { subject: Subject } type Subject { id: ID! name: String }'],
    ['AuditEvent', 'type Query { event: AuditEvent } type AuditEvent { at: Int! }'],
    ['ConflictError', 'type Query { error: ConflictError } type ConflictError { text: String! }'],
    ['ForbiddenError', 'type Query { error: ForbiddenError } type ForbiddenError { message: String! }'],
    ['UserError', 'type Query { error: UserError } type UserError { message: String! }'],
    [
      'PageInfo',
      'type Query { page: PageInfo } type PageInfo @shareable { hasNextPage: Boolean! total: Int! }',
    ],
    [
      'Node',
      'type Query { thing: Thing } interface Node { id: ID! since: Int } type Thing implements Node { id: ID! since: Int }',
    ],
  ])('Keystead without a prefix does not compose with another %s', (_name, sdl) => {
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@shareable"])'
    const other = `${link} ${sdl.startsWith('type Mutation') ? 'type Query { other: Int }' : ''} ${sdl}`
    expect(errorsOf({ keystead, other })).toBeGreaterThan(0)
  })

  it('enums of one name are merged without an error, and with a prefix are two', () => {
    const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3")'
    const other = `${link} type Query { code: ErrorCode } enum ErrorCode { SOLD_OUT }`
    expect(errorsOf({ keystead, other })).toBe(0)
    expect(errorsOf({ keystead: prefixed, other })).toBe(0)
  })

  it('`Key` as an interface object composes, although it has no @key', () => {
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@interfaceObject"])'
    const other = `${link} type Query { other: Int } type Key @interfaceObject @key(fields: "id") { id: ID! label: String }`
    expect(errorsOf({ keystead, other })).toBe(0)
  })
})
