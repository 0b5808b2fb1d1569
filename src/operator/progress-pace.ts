const intervalMs = 1000

/** Says when it is time to tell of progress again: at most once a second, so that a long work does not flood. */
export function createPacer(): () => boolean {
  let lastMs = performance.now()
  return () => {
    const nowMs = performance.now()
    if (nowMs - lastMs < intervalMs) return false
    lastMs = nowMs
    return true
  }
}
