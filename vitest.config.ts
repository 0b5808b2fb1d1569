import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SlowestReporter } from './scripts/slowest-reporter.ts'

/** Suites about what is stored run on both databases. Suites about what stands above the store run on the embedded one. */
const onBoth = 'test/**/*.db.test.ts'
const onOne = { embedded: 'test/**/*.embedded.test.ts', postgres: 'test/**/*.postgres.test.ts' }
const browser = 'test/**/*.browser.test.ts'
/** One copy of graphql: the one that Node gives to the libraries. Vite would take the other build of the package. */
const resolve = { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] }
/** Gateways are installed apart, and their tests run with a configuration of their own. */
const apart = ['**/node_modules/**', 'test/gateway/**']
/** Where the results go as JSON, if anywhere. */
const results = process.env['TEST_RESULTS']
const jsonTo = (outputFile: string): ['json', { outputFile: string }] => ['json', { outputFile }]
const limits = { testTimeout: 180_000, hookTimeout: 240_000 }

const onDatabase = (name: 'embedded' | 'postgres') => ({
  resolve,
  test: {
    name,
    include: [onBoth, onOne[name]],
    exclude: apart,
    provide: { database: name },
    globalSetup: ['test/support/database-setup.ts'],
    ...limits,
  },
})

export default defineConfig({
  test: {
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', new SlowestReporter(), ...(results === undefined ? [] : [jsonTo(results)])],
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [onBoth, ...Object.values(onOne), browser, ...apart],
          ...limits,
        },
      },
      onDatabase('embedded'),
      onDatabase('postgres'),
      {
        resolve,
        // Longer than `patience` in test/support/chromium.ts, so that a step that hangs says which one it is.
        test: {
          name: 'browser',
          include: [browser],
          exclude: apart,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
