import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

/** One copy of graphql, as Node gives it to Keystead's libraries. */
const graphql = createRequire(import.meta.url).resolve('graphql')

/** Clients of other libraries and languages, which are installed here and not with Keystead. */
export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    name: 'clients',
    dir: import.meta.dirname,
    include: ['*.test.ts'],
    provide: { wantedDatabase: 'embedded' },
    globalSetup: ['test/support/database-setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
