/** Severity of a check's result. A skipped check could not be made because of another one. */
export type CheckResult = 'ok' | 'warning' | 'error' | 'skipped'

/** Result of one check of `keystead doctor`. */
export interface Check {
  readonly name: string
  readonly result: CheckResult
  /** What was found, in sentences. */
  readonly finding: string
  /** What to do, in sentences; null if nothing needs to be done. */
  readonly advice: string | null
}

/** A check without findings. */
export function passed(name: string, finding: string): Check {
  return { name, result: 'ok', finding, advice: null }
}

/** A check that was not made, and why. */
export function skipped(name: string, finding: string): Check {
  return { name, result: 'skipped', finding, advice: null }
}

/** A check with a finding: the server works, and this should be changed. */
export function warned(name: string, finding: string, advice: string): Check {
  return { name, result: 'warning', finding, advice }
}

/** A check with a finding that keeps the server from working. */
export function failed(name: string, finding: string, advice: string | null): Check {
  return { name, result: 'error', finding, advice }
}
