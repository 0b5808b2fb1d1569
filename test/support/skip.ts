/**
 * Says that tests cannot run here, and why; for `describe.skipIf` and the like. With REQUIRE_ALL=1 nothing may be left
 * out, so that it fails.
 */
export function cannotRun(what: string, reason: string): true {
  if (process.env['REQUIRE_ALL'] === '1') throw new Error(`${what} cannot run: ${reason}`)
  console.warn(`Left out: ${what}. ${reason}`)
  return true
}
