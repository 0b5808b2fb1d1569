// Writes schema.graphql, the printed public API; with --check it fails if the file is not what the code says.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printSchema } from 'graphql'
import { schema } from '../src/schema/index.ts'

const path = join(import.meta.dirname, '../schema.graphql')
const printed = `${printSchema(schema)}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(path, printed)
} else if (!existsSync(path) || readFileSync(path, 'utf8') !== printed) {
  console.error(
    'schema.graphql is not what the code says: run npm run schema:print and look at the difference.',
  )
  process.exit(1)
} else {
  console.log('schema.graphql is up to date.')
}
