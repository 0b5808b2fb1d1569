// Writes the next migration: what prisma/schema.prisma has and the migrations so far have not.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findSchemaDifference } from './schema-diff.ts'

const [name = ''] = process.argv.slice(2)
if (!/^[a-z0-9_]+$/.test(name)) {
  console.error('Usage: npm run migrate:new -- NAME   (lowercase letters, digits and _)')
  process.exit(2)
}
const sql = await findSchemaDifference()
if (sql === '') {
  console.log('The migrations already lead to prisma/schema.prisma: there is nothing to write.')
} else {
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(import.meta.dirname, '../prisma/migrations', `${time}_${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'migration.sql'), sql)
  console.log(`Wrote prisma/migrations/${time}_${name}/migration.sql. Read it before you commit it.`)
}
