import { sharedSettings } from '../bulk-keys.ts'
import {
  askForPage,
  between,
  checkPage,
  insertProject,
  keyAt,
  type PageVariables,
  type ProjectKey,
  pageSize,
  startCursorOf,
} from '../key-page.ts'
import { type BenchServer, startBenchServer } from '../own-server.ts'
import { type Line, loadSettings, type Part } from '../part.ts'
import { explainPage } from '../query-plan.ts'
import { numberOf } from '../report.ts'
import { median, ratioOf } from '../turns.ts'

/** A page to compare between projects: how it is asked for, and which keys it has, by their number from the newest. */
interface Wanted {
  readonly name: string
  readonly variables: PageVariables
  /** Most that it may take with more keys, for the time with the fewest. */
  readonly target: number
  /** Where it starts among the keys that match, newest first; from the end if negative. */
  readonly from: number
  /** Keys that match; all without it. */
  readonly has?: ((key: ProjectKey) => boolean) | undefined
  /** Order of the keys that match; newest first without it. */
  readonly compare?: ((one: ProjectKey, other: ProjectKey) => number) | undefined
}

const isRare = (key: ProjectKey) => key.isRare
const isEarly = (key: ProjectKey) => key.isEarly
const isSeen = (key: ProjectKey) => !key.isRedacted
const isUsual = (key: ProjectKey) => isSeen(key) && !key.isRare
const isNothing = () => false
const start = { from: 0, target: 3 } as const

/** Filters that few keys, most keys, or none match. */
const filters: readonly [name: string, filter: object, has: Wanted['has']][] = [
  ['search, rare', { search: 'CURIOSITY' }, isRare],
  ['search of two characters, rare', { search: 'xq' }, isRare],
  ['search, frequent', { search: 'orders' }, isUsual],
  ['search, no match', { search: 'orders of the house' }, isNothing],
  ['labels, rare', { labels: [{ name: 'tier', value: 'exquisite' }] }, isRare],
  ['labels, frequent', { labels: [{ name: 'tier', value: 'common' }] }, isUsual],
  ['labels, no match', { labels: [{ name: 'tier', value: 'other' }] }, isNothing],
  ['owner, rare', { owner: 'user:rare' }, isRare],
  ['owner, frequent', { owner: 'user:mia' }, isUsual],
  ['owner, no match', { owner: 'user:nobody' }, isNothing],
  ['createdBy, rare', { createdBy: 'user:rare' }, isRare],
  ['createdBy, no match', { createdBy: 'user:nobody' }, isNothing],
  ['usage, rare', { usage: 'GENERATE_VERIFY_MAC' }, isRare],
  ['usage, frequent', { usage: 'ENCRYPT_DECRYPT' }, isUsual],
  ['usage, no match', { usage: 'SIGN_VERIFY' }, isNothing],
  ['algorithm, rare', { algorithm: ['HMAC_SHA256', 'ED25519'] }, isRare],
  ['algorithm, no match', { algorithm: ['ED25519'] }, isNothing],
  ['type, frequent', { type: 'SYMMETRIC' }, isSeen],
  ['type, no match', { type: 'ASYMMETRIC' }, isNothing],
  ['origin, frequent', { origin: 'KEYSTEAD' }, isSeen],
  ['origin, no match', { origin: 'EXTERNAL' }, isNothing],
  ['versionStatus, rare', { versionStatus: ['DESTROY_SCHEDULED'] }, isRare],
  ['versionStatus, frequent', { versionStatus: ['ACTIVE'] }, isUsual],
  ['versionStatus, no match', { versionStatus: ['DESTROYED', 'DEACTIVATED'] }, isNothing],
  ['nextRotationBefore, rare', { nextRotationBefore: between.nextRotations }, isEarly],
  ['nextRotationBefore, frequent', { nextRotationBefore: '2030-01-01T00:00:00Z' }, isUsual],
  ['nextRotationBefore, no match', { nextRotationBefore: '2026-01-01T00:00:00Z' }, isNothing],
  ['destructionScheduledBefore, rare', { destructionScheduledBefore: '2100-01-01T00:00:00Z' }, isRare],
  ['destructionScheduledBefore, no match', { destructionScheduledBefore: '2026-12-01T00:00:00Z' }, isNothing],
  ['unusedSince, rare', { unusedSince: between.lastUses }, isRare],
  ['unusedSince, frequent', { unusedSince: '2026-10-01T00:00:00Z' }, isSeen],
  ['unusedSince, no match', { unusedSince: '2026-01-01T00:00:00Z' }, isNothing],
  ['neverUsed, frequent', { neverUsed: false }, isSeen],
  ['neverUsed, no match', { neverUsed: true }, isNothing],
  ['canProtect, rare', { canProtect: false }, isRare],
  ['canProtect, frequent', { canProtect: true }, isUsual],
  ['nearEncryptionLimit, frequent', { nearEncryptionLimit: false }, isSeen],
  ['nearEncryptionLimit, no match', { nearEncryptionLimit: true }, isNothing],
]

/** Order by a moment that redacted keys hide, and then by name. */
function byHidden(orderValueOf: (key: ProjectKey) => number | null, sign: 1 | -1): Wanted['compare'] {
  return (one, other) => {
    const [first, second] = [one, other].map((key) => (key.isRedacted ? null : orderValueOf(key)))
    if ((first === null) !== (second === null)) return first === null ? 1 : -1
    const byName = Number(one.name > other.name) - Number(one.name < other.name)
    return sign * ((first ?? 0) - (second ?? 0) || byName)
  }
}

const dayMs = 86_400_000
const dueDay = ({ createdAt, columns, isRare: hasNone }: ProjectKey) =>
  hasNone ? null : Math.floor(createdAt.getTime() / dayMs) + (columns?.rotationCycleDays ?? 0)
const lastUse = ({ lastUsedAt }: ProjectKey) => lastUsedAt?.getTime() ?? null

const pages: readonly Wanted[] = [
  { name: 'first page', variables: {}, from: 0, target: 1.5 },
  { name: 'deep page', variables: {}, from: -199, target: 1.5 },
  {
    name: 'filtered by a rare status',
    variables: { filter: { status: ['DEACTIVATED'] } },
    from: 0,
    target: 1.5,
    has: isRare,
  },
  {
    name: 'filtered by name prefix',
    variables: { filter: { namePrefix: 'rare-' } },
    from: 0,
    target: 1.5,
    has: isRare,
  },
  {
    name: 'by name, filtered by a rare status',
    variables: {
      filter: { status: ['DEACTIVATED'] },
      orderBy: { field: 'NAME', direction: 'DESC' },
    },
    from: 0,
    target: 1.5,
    has: isRare,
  },
  ...filters.map(([name, filter, has]) => ({ ...start, name, variables: { filter }, has })),
  ...(['ASC', 'DESC'] as const).flatMap((direction) =>
    (
      [
        ['NEXT_ROTATION', dueDay],
        ['LAST_USE', lastUse],
      ] as const
    ).map(([field, orderValueOf]) => ({
      ...start,
      name: `by ${field} ${direction}`,
      variables: { orderBy: { field, direction } },
      compare: byHidden(orderValueOf, direction === 'ASC' ? 1 : -1),
    })),
  ),
  {
    ...start,
    name: 'by LAST_USE DESC, search, rare',
    variables: { filter: { search: 'curiosity' }, orderBy: { field: 'LAST_USE', direction: 'DESC' } },
    has: isRare,
    compare: byHidden(lastUse, -1),
  },
]

interface Project {
  readonly size: number
  readonly settings: Readonly<Record<string, string>>
  readonly server: BenchServer
}

/** Whether lists stay as fast as they are while a project grows. */
export const sizesPart: Part = {
  name: 'sizes',
  summary: 'the same page in projects of different sizes, with query plans',
  async run(bench) {
    const projects: Project[] = []
    try {
      for (const size of bench.sizes) {
        bench.note(`making a project of ${size} keys`)
        const settings = sharedSettings(await bench.postgres.createDatabase(`size_${size}`))
        await insertProject(settings, size, bench.note)
        projects.push({ size, settings, server: await startBenchServer({ ...loadSettings, ...settings }) })
      }
      const lines: Line[] = []
      for (const wanted of pages) {
        lines.push(...(await comparePages(projects, wanted, bench)))
        const largest = projects.at(-1)
        if (largest === undefined) continue
        const plan = await explainPage(largest.settings, await variablesFor(largest.server, wanted))
        console.log(`  plan with ${largest.size} keys, ${wanted.name}:\n${plan}`)
      }
      return lines
    } finally {
      for (const { server } of projects) await server.close()
    }
  },
}

async function comparePages(
  projects: readonly Project[],
  wanted: Wanted,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Line[]> {
  const asked = await Promise.all(
    projects.map(async ({ size, server }) => ({
      size,
      server,
      variables: await variablesFor(server, wanted),
      expected: expectedOf(size, wanted),
      /** Medians of the rounds. */
      medians: [] as number[],
    })),
  )
  // The first round warms the program up.
  for (let round = 0; round <= rounds; round++) {
    const times = asked.map((): number[] => [])
    const endsAtMs = performance.now() + (seconds * 1000) / 2
    do {
      for (const [index, { server, variables, expected }] of asked.entries()) {
        const startedAtMs = performance.now()
        const answer = await askForPage(server, variables)
        times[index]?.push(performance.now() - startedAtMs)
        checkPage(answer, expected)
      }
    } while (performance.now() < endsAtMs)
    if (round > 0)
      for (const [index, { medians }] of asked.entries()) medians.push(median(times[index] ?? []))
  }
  const [smallest, ...others] = asked
  if (smallest === undefined) return []
  return others.map(({ size, medians }) => {
    const ratio = ratioOf(medians, smallest.medians)
    return {
      what: `page of ${pageSize} of ${size.toLocaleString('en')} keys, ${wanted.name}`,
      target: `≤ ${wanted.target} × the time with ${smallest.size.toLocaleString('en')} keys`,
      figure: `${numberOf(ratio)} ×`,
      isMet: ratio <= wanted.target,
      conditions: `${numberOf(median(medians))} against ${numberOf(median(smallest.medians))} ms; a database each, PostgreSQL; ${rounds} rounds`,
    }
  })
}

/** A deep page starts at a cursor, which is found from the end of the list. */
async function variablesFor(server: BenchServer, { variables, from }: Wanted): Promise<PageVariables> {
  if (from === 0) return { ...variables, first: pageSize }
  const last = await askForPage(server, { ...variables, last: pageSize })
  const before = await askForPage(server, { ...variables, last: pageSize, before: startCursorOf(last) })
  return { ...variables, first: pageSize, after: startCursorOf(before) }
}

function expectedOf(size: number, { from, has = () => true, compare }: Wanted) {
  const matching = Array.from({ length: size }, (_, index) => keyAt(size, size - 1 - index)).filter(has)
  return (compare === undefined ? matching : matching.sort(compare)).slice(from).slice(0, pageSize)
}
