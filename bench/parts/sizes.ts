import { sharedSettings } from '../bulk-keys.ts'
import {
  askForPage,
  checkPage,
  insertProject,
  keyAt,
  type PageVariables,
  pageSize,
  startCursorOf,
} from '../key-page.ts'
import { type BenchServer, startBenchServer } from '../own-server.ts'
import { type Line, loadSettings, type Part } from '../part.ts'
import { explainPage } from '../query-plan.ts'
import { numberOf } from '../report.ts'
import { median, ratioOf } from '../turns.ts'

const target = 1.5

/** A page to compare between projects: how it is asked for, and which keys it has, by their number from the newest. */
interface Wanted {
  readonly name: string
  readonly variables: PageVariables
  /** Where it starts among the keys that match, newest first; from the end if negative. */
  readonly from: number
  /** Whether it has the rare keys only. */
  readonly isRare: boolean
}

const pages: readonly Wanted[] = [
  { name: 'first page', variables: {}, from: 0, isRare: false },
  { name: 'deep page', variables: {}, from: -199, isRare: false },
  {
    name: 'filtered by a rare status',
    variables: { filter: { status: ['DEACTIVATED'] } },
    from: 0,
    isRare: true,
  },
  { name: 'filtered by name prefix', variables: { filter: { namePrefix: 'rare-' } }, from: 0, isRare: true },
  {
    name: 'by name, filtered by a rare status',
    variables: {
      filter: { status: ['DEACTIVATED'] },
      orderBy: { field: 'NAME', direction: 'DESC' },
    },
    from: 0,
    isRare: true,
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
        const plan = await explainPage(largest.settings, { ...wanted.variables, isDeep: wanted.from !== 0 })
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
      target: `≤ ${target} × the time with ${smallest.size.toLocaleString('en')} keys`,
      figure: `${numberOf(ratio)} ×`,
      isMet: ratio <= target,
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

function expectedOf(size: number, { from, isRare }: Wanted) {
  const matching = Array.from({ length: size }, (_, index) => keyAt(size, size - 1 - index)).filter(
    (key) => !isRare || key.isDeactivated,
  )
  return matching.slice(from).slice(0, pageSize)
}
