import { statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SlowestReporter } from './scripts/slowest-reporter.ts'
import { alone } from './test/support/alone.ts'

/**
 * Suites about what is stored run on both databases, and what one database does has suites on that one. Suites about
 * what stands above the store run once: on PostgreSQL, which is the faster one, or where it cannot run on the embedded
 * database.
 */
const suites = {
  both: 'test/**/*.db.test.ts',
  embedded: 'test/**/*.embedded.test.ts',
  postgres: 'test/**/*.postgres.test.ts',
  server: 'test/**/*.server.test.ts',
}
const browser = 'test/**/*.browser.test.ts'
// Databases of tests need not outlive the run: where there is room in memory, they are made there, in half the time.
const memory = '/dev/shm'
const memoryBytesMin = 4 * 2 ** 30
if (freeBytesOf(memory) >= memoryBytesMin) process.env['TMPDIR'] ??= memory

function freeBytesOf(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

/** One copy of graphql: the one that Node gives to the libraries. Vite would take the other build of the package. */
const resolve = { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] }
/** Gateways, clients and identity providers are installed apart; their tests have configurations of their own. */
const apart = ['**/node_modules/**', 'test/gateway/**', 'test/clients/**', 'test/providers/**']
const others = [...apart, ...alone]
/** Where the results go as JSON, if anywhere. */
const results = process.env['TEST_RESULTS']
const jsonTo = (outputFile: string): ['json', { outputFile: string }] => ['json', { outputFile }]
const limits = {
  testTimeout: 180_000,
  hookTimeout: 240_000,
  // One second, the default, is too short on a machine that does other things.
  expect: { poll: { timeout: 30_000 } },
}

const onDatabase = (wantedDatabase: 'embedded' | 'postgres' | 'any') => ({
  provide: { wantedDatabase },
  globalSetup: ['test/support/database-setup.ts'],
  ...limits,
})
/** The files of a project share processes, each of which loads the program once. */
const together = { isolate: false, exclude: others }

export default defineConfig({
  test: {
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', new SlowestReporter(), ...(results === undefined ? [] : [jsonTo(results)])],
    projects: [
      {
        resolve,
        test: {
          ...together,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...Object.values(suites), browser, ...others],
          ...limits,
        },
      },
      {
        resolve,
        test: {
          ...together,
          name: 'embedded',
          include: [suites.both, suites.embedded],
          ...onDatabase('embedded'),
        },
      },
      {
        resolve,
        test: {
          ...together,
          name: 'postgres',
          include: [suites.both, suites.postgres],
          ...onDatabase('postgres'),
        },
      },
      {
        resolve,
        test: { ...together, name: 'server', include: [suites.server], ...onDatabase('any') },
      },
      {
        resolve,
        test: { name: 'alone', include: alone, ...onDatabase('any') },
      },
      {
        resolve,
        // Several times `patience` in test/support/chromium.ts, so that a step that hangs says which one it is.
        test: {
          name: 'browser',
          include: [browser],
          exclude: apart,
          ...onDatabase('embedded'),
          testTimeout: 360_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
