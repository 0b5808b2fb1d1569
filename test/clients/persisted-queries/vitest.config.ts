import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

/** Keystead's own copy of graphql, as Node gives it to Keystead's libraries: clients bring another. */
const graphql = createRequire(new URL('../../../package.json', import.meta.url)).resolve('graphql')

/** Clients with automatic persisted queries, which are installed here and not with Keystead. */
export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    name: 'persisted-queries',
    dir: import.meta.dirname,
    include: ['*.test.ts'],
    provide: { database: 'embedded' },
    globalSetup: ['test/support/database-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
