/** The lowest version number from a number on that no restore of a backup left out. */
export function firstNotSkipped(skippedVersions: readonly number[], number: number): number {
  for (let index = 0; index + 1 < skippedVersions.length; index += 2) {
    const [first = 0, last = 0] = skippedVersions.slice(index, index + 2)
    if (number >= first && number <= last) return firstNotSkipped(skippedVersions, last + 1)
  }
  return number
}
