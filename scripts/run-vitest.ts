import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Runs vitest in a process of its own, and tells whether it failed. */
export async function runVitest(
  options: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<boolean> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...options], {
    env: { ...process.env, ...variables },
    stdio: 'inherit',
  })
  // Whoever ends this ends the tests, which end the servers that they have started.
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  process.on('SIGINT', pass).on('SIGTERM', pass)
  const [code] = await once(child, 'exit')
  return code !== 0
}
