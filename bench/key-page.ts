import assert from 'node:assert/strict'
import type { UserKeyOrder } from '../src/keys/reading/key-lists.ts'
import { type BulkKey, insertBulkKeys } from './bulk-keys.ts'
import type { BenchServer } from './own-server.ts'

/** Items of the pages that are measured. */
export const pageSize = 100

/** Who asks; its project is that of all keys. */
export const asker = 'ada@shop'

const projectId = 'shop'
/** So many keys, and one page of them at least, are deactivated and have a name of their own, however many others are there. */
const rareCount = 120
/** When the oldest key was made; each other one second after the one before. */
export const firstKeyCreatedAt = new Date('2026-01-01T00:00:00Z')

/** Moments between what the rare keys and what the others have. */
export const between = { lastUses: '2026-02-01T00:00:00Z', nextRotations: '2028-10-15T00:00:00Z' } as const

const dayMs = 86_400_000

/** A key of the project, and what its columns say. */
export interface ProjectKey extends BulkKey {
  /** One of few: its version will be destroyed, it was used long ago, and more of it is unlike the others. */
  readonly isRare: boolean
  /** One of as many others, which are rotated earlier than the rest. */
  readonly isEarly: boolean
}

/** The keys of a project of some size: every third redacted for who asks, the rare ones spread evenly. */
export function keyAt(size: number, index: number): ProjectKey {
  const step = Math.floor(size / rareCount)
  const isSpread = Math.floor(index / step) < rareCount
  const isRare = isSpread && index % step === 0
  const isEarly = isSpread && index % step === 1
  const createdAt = new Date(firstKeyCreatedAt.getTime() + index * 1000)
  return {
    name: `${isRare ? 'rare' : 'key'}-${String(index).padStart(8, '0')}`,
    createdAt,
    isRedacted: !isRare && !isEarly && index % 3 === 1,
    isDeactivated: isRare,
    isRare,
    isEarly,
    lastUsedAt: new Date(createdAt.getTime() + (isRare ? 1 : 100) * dayMs),
    columns: {
      description: isRare ? 'Curiosity of the house' : `Orders of shop ${index % 97}`,
      labels: [{ name: 'tier', value: isRare ? 'exquisite' : 'common' }],
      rotationEnabled: true,
      rotationCycleDays: isEarly ? 1000 : 1095,
      ...(isRare && { owner: 'user:rare', createdBy: 'user:rare' }),
      ...(isRare && { usage: 'GENERATE_VERIFY_MAC', algorithm: 'HMAC_SHA256' }),
    },
    ...(isRare && { destroyedAfterDays: 3650 }),
  }
}

/** Makes a project of some size. */
export async function insertProject(
  settings: Readonly<Record<string, string>>,
  size: number,
  note: (text: string) => void,
  id: string = projectId,
): Promise<void> {
  assert.ok(size >= 1000, 'a project has 1000 keys at least')
  await insertBulkKeys(settings, {
    projectId: id,
    count: size,
    keyAt: (index) => keyAt(size, index),
    areUsable: false,
    note,
  })
}

/** A page to ask for. */
export interface PageVariables {
  readonly first?: number
  readonly last?: number
  readonly after?: string
  readonly before?: string
  /** Moments are texts. */
  readonly filter?: object
  readonly orderBy?: UserKeyOrder
}

const document = `query($first: Int, $last: Int, $after: String, $before: String, $filter: UserKeyFilter, $orderBy: UserKeyOrder) {
  userKeys(first: $first, last: $last, after: $after, before: $before, filter: $filter, orderBy: $orderBy) {
    edges { node {
      id partialId name description accessControlEnabled createdAt createdBy { id } viewerCanAccess
      status algorithm defaultVersion { number versionStatus }
    } }
    pageInfo { startCursor hasNextPage }
  }
}`

/** Asks for a page as a client does; gives the text of the answer. */
export function askForPage(server: BenchServer, variables: PageVariables): Promise<string> {
  return server.ask(asker, document, variables)
}

/** Where a page starts. */
export function startCursorOf(answer: string): string {
  return JSON.parse(answer).data.userKeys.pageInfo.startCursor
}

/** Throws unless a page has these keys in this order, each as its caller may see it. */
export function checkPage(answer: string, expected: readonly BulkKey[]): void {
  const { data, errors } = JSON.parse(answer)
  assert.equal(errors, undefined)
  const nodes = data.userKeys.edges.map(({ node }: { node: Record<string, unknown> }) => node)
  assert.deepEqual(
    nodes.map(({ name, viewerCanAccess, status, defaultVersion }: Record<string, unknown>) => ({
      name,
      viewerCanAccess,
      status,
      version: (defaultVersion as { versionStatus: string } | null)?.versionStatus ?? null,
    })),
    expected.map(({ name, isRedacted, isDeactivated, destroyedAfterDays }) => {
      const status = isRedacted ? null : isDeactivated ? 'DEACTIVATED' : 'ACTIVE'
      return {
        name,
        viewerCanAccess: !isRedacted,
        status,
        version: destroyedAfterDays === undefined ? status : 'DESTROY_SCHEDULED',
      }
    }),
  )
}
