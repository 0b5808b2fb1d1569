import type { Client } from '../support/story.ts'
import { afterChange, type KeyState, type KnownVersion, newState } from './known-key.ts'
import type { KnownKey, Ledger } from './ledger.ts'

/** A key as the API shows it. */
export interface ShownKey {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly status: string
  readonly accessControlEnabled: boolean
  readonly allowedSubjects: readonly { readonly id: string }[]
  readonly revision: number
  readonly defaultVersion: { readonly number: number } | null
  readonly versions: {
    readonly totalCount: number
    readonly nodes: readonly {
      readonly number: number
      readonly versionStatus: string
      readonly isDefault: boolean
    }[]
  }
}

/** As many as the server shows at once of keys with such lists inside. */
const pageSize = 25

/** All keys of the client's project, by ID. */
export async function listKeys(client: Client): Promise<Map<string, ShownKey>> {
  const shown = new Map<string, ShownKey>()
  let after: string | null = null
  do {
    const { userKeys }: ListAnswer = await client.ask(
      `query($first: Int!, $after: String) {
        userKeys(first: $first, after: $after, orderBy: { field: NAME, direction: ASC }) {
          nodes {
            id name description status accessControlEnabled allowedSubjects { id } revision
            defaultVersion { number }
            versions(first: 20) { totalCount nodes { number versionStatus isDefault } }
          }
          pageInfo { hasNextPage endCursor }
        }
      }`,
      { first: pageSize, after },
    )
    for (const key of userKeys.nodes) shown.set(key.id, key)
    after = userKeys.pageInfo.hasNextPage ? userKeys.pageInfo.endCursor : null
  } while (after !== null)
  return shown
}

interface ListAnswer {
  readonly userKeys: {
    readonly nodes: readonly ShownKey[]
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  }
}

/** What is missing or wrong about keys. Settles what was in doubt of those that are right. */
export async function findKeyFaults(client: Client, ledger: Ledger): Promise<string[]> {
  const faults: string[] = []
  const shown = await listKeys(client)
  for (const key of ledger.keys.values()) {
    const found = shown.get(key.id)
    shown.delete(key.id)
    if (found === undefined) faults.push(`key ${key.id} is gone`)
    else faults.push(...settle(key, found))
  }
  // What is left was created without an answer, or else nobody asked for it.
  for (const found of shown.values()) {
    const description = ledger.namesInDoubt.get(found.name)
    if (description === undefined) {
      faults.push(`nobody asked for the key ${found.id} (${found.name})`)
      continue
    }
    const expected = newState(found.name, description)
    const difference = differenceBetween(found, expected, false)
    if (difference === null) ledger.addFoundKey(found.id, expected)
    else faults.push(`key ${found.id} was created by halves: ${difference}`)
  }
  ledger.namesInDoubt.clear()
  return faults
}

function settle(key: KnownKey, found: ShownKey): string[] {
  const states = key.inDoubt === null ? [key.state] : [key.state, afterChange(key.state, key.inDoubt)]
  const differences = states.map((state) => differenceBetween(found, state, key.rotationDue))
  const index = differences.indexOf(null)
  const state = states[index]
  if (state === undefined) {
    const about = key.inDoubt === null ? '' : ` (in doubt: ${JSON.stringify(key.inDoubt)})`
    return [`key ${key.id} is not as acknowledged${about}: ${differences.join('; or ')}`]
  }
  // The revision is certain where nothing is due that makes another one. Then the trail must have the change, too.
  if (key.inDoubt !== null && index === 1 && found.revision === key.state.revision + 1) {
    key.changes.push({ type: key.inDoubt.type, revision: found.revision })
  }
  const rotated = found.versions.totalCount > state.versions.length
  const versions: readonly KnownVersion[] = rotated ? [...state.versions, 'ACTIVE'] : state.versions
  key.state = { ...state, versions, revision: found.revision }
  key.inDoubt = null
  if (rotated) key.rotationDue = false
  return []
}

/** How a key differs from a state that it should have; null if it does not. */
function differenceBetween(found: ShownKey, state: KeyState, rotationDue: boolean): string | null {
  const count = found.versions.totalCount
  const rotated = rotationDue && count === state.versions.length + 1
  const versions = rotated ? [...state.versions, 'ACTIVE' as const] : state.versions
  const due = versions.filter((status) => status === 'DESTROY_DUE').length
  const revisionMin = state.revision + (rotated ? 1 : 0)
  const subjects = found.accessControlEnabled ? found.allowedSubjects.map(({ id }) => id).sort() : null
  const defaults = found.versions.nodes.filter(({ isDefault }) => isDefault).map(({ number }) => number)
  const numbers = found.versions.nodes.map(({ number }) => number).sort((a, b) => a - b)
  const statuses = new Map(found.versions.nodes.map(({ number, versionStatus }) => [number, versionStatus]))
  const compared: [what: string, found: unknown, expected: unknown][] = [
    ['name', found.name, state.name],
    ['description', found.description, state.description],
    ['status', found.status, 'ACTIVE'],
    ['access list', subjects, state.subjects],
    ['numbers of versions', numbers, versions.map((_, index) => index + 1)],
    ['default version', found.defaultVersion?.number ?? null, versions.length],
    ['versions that are the default', defaults, [versions.length]],
  ]
  for (const [index, expected] of versions.entries()) {
    const status = statuses.get(index + 1)
    // The waiting period ends by itself.
    const isDue = expected === 'DESTROY_DUE' && (status === 'DESTROY_SCHEDULED' || status === 'DESTROYED')
    compared.push([`status of version ${index + 1}`, isDue ? expected : status, expected])
  }
  const different = compared.flatMap(([what, is, expected]) =>
    JSON.stringify(is) === JSON.stringify(expected)
      ? []
      : [`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(expected)}`],
  )
  // Each erasure of what is due makes one revision, and several that are due at once make one together.
  if (found.revision < revisionMin || found.revision > revisionMin + due) {
    different.push(`revision is ${found.revision}, not ${revisionMin}`)
  }
  return different.length === 0 ? null : different.join(', ')
}
