import { defineConfig } from 'vitest/config'

const database = ['test/**/*.db.test.ts']
const browser = ['test/**/*.browser.test.ts']
const limits = { testTimeout: 60_000, hookTimeout: 120_000 }

/** The suites that need a database run on both: the embedded one and a PostgreSQL server. */
const onDatabase = (name: 'embedded' | 'postgres') => ({
  test: {
    name,
    include: database,
    provide: { database: name },
    globalSetup: ['test/support/database-setup.ts'],
    ...limits,
  },
})

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...database, ...browser],
          ...limits,
        },
      },
      onDatabase('embedded'),
      onDatabase('postgres'),
      { test: { name: 'browser', include: browser, ...limits } },
    ],
  },
})
