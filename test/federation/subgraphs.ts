import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { composeSchemaContract, composeServices } from '@theguild/federation-composition'
import { parse } from 'graphql'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'

/** The schema of a subgraph that stands beside Keystead in the tests. */
export function sdlOf(name: 'users' | 'vaults' | 'customers' | 'clashing'): string {
  return readFileSync(join(import.meta.dirname, '../gateway', `${name}.graphql`), 'utf8')
}

/** A supergraph as its clients see it, and the codes of what hinders it. */
export interface Composed {
  readonly errors: readonly unknown[]
  readonly publicSdl: string
}

/** Composes Keystead with the others; `changed` stands for some of them, null for none. */
export function compose(changed: Readonly<Record<string, string | null>> = {}): Composed {
  return resultOf(composeServices(subgraphs(changed)))
}

/** The same for clients that are kept from what has a tag. */
export function composeWithout(tag: string): Composed {
  const filter = { include: new Set<string>(), exclude: new Set([tag]) }
  return resultOf(composeSchemaContract(subgraphs({}), filter, true))
}

function subgraphs(changed: Readonly<Record<string, string | null>>) {
  const others = { users: sdlOf('users'), vaults: sdlOf('vaults'), customers: sdlOf('customers') }
  const sdls = { keystead: printSubgraph(schema), ...others, ...changed }
  return Object.entries(sdls).flatMap(([name, sdl]) =>
    sdl === null ? [] : [{ name, url: `http://${name}.test/graphql`, typeDefs: parse(sdl) }],
  )
}

function resultOf({ errors = [], publicSdl = '' }: ReturnType<typeof composeServices>): Composed {
  return { errors: errors.map(({ extensions }) => extensions?.['code']), publicSdl }
}
