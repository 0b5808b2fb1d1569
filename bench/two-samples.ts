/** Quantile of a sample, by the nearest rank. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** How two samples compare. */
export interface Comparison {
  /** Two-sided p of the Mann–Whitney U test (normal approximation): how often chance alone makes a difference as large. */
  readonly p: number
  /** How often a value of the first is above one of the second; 0.5 when nothing tells them apart. */
  readonly superiority: number
}

/** The Mann–Whitney U test; times hardly ever tie, so ties share a rank and the variance stays uncorrected. */
export function compareSamples(first: readonly number[], second: readonly number[]): Comparison {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ].sort((a, b) => a.value - b.value)
  let rankSum = 0
  for (let start = 0; start < all.length; ) {
    let end = start
    while (end < all.length && all[end]?.value === all[start]?.value) end++
    const rank = (start + 1 + end) / 2
    for (const { isFirst } of all.slice(start, end)) if (isFirst) rankSum += rank
    start = end
  }
  const pairs = first.length * second.length
  const u = rankSum - (first.length * (first.length + 1)) / 2
  const z = (u - pairs / 2) / Math.sqrt((pairs * (first.length + second.length + 1)) / 12)
  return { p: 2 * upperTail(Math.abs(z)), superiority: u / pairs }
}

/** Probability that a standard normal value is above z; Abramowitz and Stegun 26.2.17, exact to 7.5e-8. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const coefficients = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153]
  return density * t * coefficients.reduce((sum, coefficient) => sum * t + coefficient, 0)
}
