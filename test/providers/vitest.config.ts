import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Servers of identity providers, which `npm run test:providers` fetches and starts. */
export default defineConfig({
  // One copy of graphql, as in vitest.config.ts.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    name: 'providers',
    dir: import.meta.dirname,
    include: ['*.test.ts'],
    // A provider needs a minute to start on a busy machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
