/** Memory of the server at one moment, in bytes. */
export interface MemorySample {
  readonly atMs: number
  readonly resident: number
  /** What is left after a collection of garbage. */
  readonly heap: number
  /** Requests that were answered so far. */
  readonly answers: number
}

/** What is said about memory in the end. */
export interface Verdict {
  readonly residentMiBPerHour: number
  readonly heapMiBPerHour: number
  readonly isFlat: boolean
}

/**
 * What memory may grow by in an hour. At 300 requests a second 64 MiB are 62 bytes that each request leaves behind,
 * less than the smallest thing that is likely to be kept. Resident memory varies more: the allocator gives pages back late.
 */
export const growthMiBPerHourMax = { heap: 64, resident: 256 } as const

/**
 * What caches need to fill (those of the database client, too) and code to be compiled; not part of the verdict. It ends
 * after a share of the time and so many answers, whichever is later: on a busy machine the answers are.
 */
export const warmUp = { share: 0.4, answers: 50_000 } as const

const mebibyte = 1024 * 1024
/** A line through fewer says nothing. */
const samplesMin = 6

/** Says whether memory grows, by the line that lies nearest to all samples after the warm-up. */
export function judge(samples: readonly MemorySample[]): Verdict {
  const endsAtMs = samples.at(-1)?.atMs ?? 0
  const counted = samples.filter(
    ({ atMs, answers }) => atMs >= endsAtMs * warmUp.share && answers >= warmUp.answers,
  )
  const residentMiBPerHour = slopePerHour(counted.map(({ atMs, resident }) => [atMs, resident / mebibyte]))
  const heapMiBPerHour = slopePerHour(counted.map(({ atMs, heap }) => [atMs, heap / mebibyte]))
  const isFlat =
    residentMiBPerHour <= growthMiBPerHourMax.resident && heapMiBPerHour <= growthMiBPerHourMax.heap
  return { residentMiBPerHour, heapMiBPerHour, isFlat }
}

/** Least squares. */
function slopePerHour(points: readonly (readonly [atMs: number, value: number])[]): number {
  if (points.length < samplesMin) throw new TypeError('too few samples after the warm-up: run it for longer')
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanMs, meanValue] = [mean(points.map(([atMs]) => atMs)), mean(points.map(([, value]) => value))]
  const above = points.reduce((sum, [atMs, value]) => sum + (atMs - meanMs) * (value - meanValue), 0)
  const below = points.reduce((sum, [atMs]) => sum + (atMs - meanMs) ** 2, 0)
  return (above / below) * 3_600_000
}
