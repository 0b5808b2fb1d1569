import { defineConfig } from 'prisma/config'

// Generating the client needs no schema engine, but Prisma fetches one unless it is told of a binary: any will do.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
