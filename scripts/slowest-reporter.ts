import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

const shown = 10

/** Prints the slowest test files of a run, with what the time went to. */
export class SlowestReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const timed = modules.map((module) => {
      const { duration, collectDuration, setupDuration } = module.diagnostic()
      return { module, totalMs: duration + collectDuration + setupDuration }
    })
    if (timed.length <= shown) return
    const slowest = timed.sort((one, other) => other.totalMs - one.totalMs).slice(0, shown)
    console.log(`\nThe slowest ${shown} of ${timed.length} files:`)
    for (const { module, totalMs } of slowest) {
      const seconds = (totalMs / 1000).toFixed(1).padStart(7)
      console.log(`${seconds} s  ${module.project.name}  ${relative(process.cwd(), module.moduleId)}`)
    }
  }
}
