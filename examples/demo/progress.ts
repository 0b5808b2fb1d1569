const mebibyte = 1024 * 1024

/** A size for people. */
export function formatSize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  if (unit === 0) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  return `${size.toFixed(1)} ${units[unit]}`
}

/** Files below this size are done before anybody could read how far they are. */
const worthShowingBytes = 32 * mebibyte
const redrawMs = 100

/** Shows on standard error how far a job is: on a terminal in one line that changes, else in four lines. */
export function createProgress(label: string, totalBytes: number) {
  const { stderr } = process
  const startedMs = performance.now()
  let shownMs = startedMs
  let shownQuarters = 0

  function text(bytesDone: number): string {
    const seconds = (performance.now() - startedMs) / 1000
    const percent = Math.floor((bytesDone / totalBytes) * 100)
    return `  ${label} ${percent} %, ${Math.round(bytesDone / mebibyte / seconds)} MiB/s`
  }

  return {
    update(bytesDone: number): void {
      if (totalBytes < worthShowingBytes) return
      if (stderr.isTTY) {
        const isLast = bytesDone >= totalBytes
        if (!isLast && performance.now() - shownMs < redrawMs) return
        shownMs = performance.now()
        stderr.write(`\r${text(bytesDone)}\u001b[K${isLast ? '\n' : ''}`)
        return
      }
      const quarters = Math.floor((bytesDone / totalBytes) * 4)
      if (quarters <= shownQuarters) return
      shownQuarters = quarters
      stderr.write(`${text(bytesDone)}\n`)
    },
  }
}
