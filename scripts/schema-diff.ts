import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { readMigrations } from '../src/store/migrate.ts'

const schemaPath = join(import.meta.dirname, '../prisma/schema.prisma')

/** Primary keys that only the partitions of a table have. Prisma knows no partitions, and a model must have a key. */
const partitionedKeys = [
  '-- AlterTable\nALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id");\n',
]

/**
 * The SQL that leads from the migrations to prisma/schema.prisma; empty if they say the same. Prisma's schema engine
 * runs as WebAssembly on a database in memory.
 */
export async function findSchemaDifference(): Promise<string> {
  const database = await PGlite.create()
  try {
    for (const { sql } of readMigrations()) await database.exec(sql)
    const engine = await startEngine(database)
    const files = [{ path: schemaPath, content: readFileSync(schemaPath, 'utf8') }]
    const result = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: '' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    })
    const sql = partitionedKeys.reduce((rest, known) => rest.replace(known, ''), result.stdout ?? '')
    return sql.includes('This is an empty migration') ? '' : sql.trim()
  } finally {
    await database.close()
  }
}

async function startEngine(database: PGlite) {
  // The package imports its WebAssembly as a module; loading it by hand works on every Node.
  const wasmPath = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm')
    .replace('schema_engine.js', 'schema_engine_bg.wasm')
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const { instance } = await instantiate(readFileSync(wasmPath), { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports['__wbindgen_start']?.()
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPGlite(database))
  return bindings.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter)
}

/** The part of WebAssembly's interface that is used; its types come only with those of browsers. */
const { instantiate } = (
  globalThis as unknown as {
    WebAssembly: {
      instantiate(
        module: Uint8Array,
        imports: object,
      ): Promise<{ instance: { exports: Record<string, (() => void) | undefined> } }>
    }
  }
).WebAssembly
