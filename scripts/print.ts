/**
 * Writes the files that are made from the code: `npm run print`, or `npm run print -- PATH …` for some of them.
 * With `--check` it writes nothing, names every file that is stale, and ends with 1 if there is one.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertResource } from './printed/alerts.ts'
import { algorithmsDocument } from './printed/algorithms.ts'
import { clientFiles } from './printed/client.ts'
import { commandsDocument } from './printed/commands.ts'
import { configurationDocument } from './printed/configuration.ts'
import { decisionIndex } from './printed/decisions.ts'
import { envExample } from './printed/env-example.ts'
import { envelopeVectors } from './printed/envelope-vectors.ts'
import { errorTableDocument } from './printed/error-table.ts'
import { layerRules, layerTable } from './printed/layers.ts'
import { listLimitTables } from './printed/list-limits.ts'
import { operationDocuments } from './printed/operations.ts'
import type { PrintedFile } from './printed/printed-file.ts'
import { rolePermissionTable } from './printed/role-permissions.ts'
import { schemaFile } from './printed/schema.ts'

const root = join(import.meta.dirname, '..')
const files: readonly PrintedFile[] = [
  schemaFile,
  ...operationDocuments,
  ...clientFiles,
  envelopeVectors,
  envExample,
  configurationDocument,
  commandsDocument,
  algorithmsDocument,
  layerRules,
  layerTable,
  listLimitTables,
  errorTableDocument,
  rolePermissionTable,
  decisionIndex,
  alertResource,
]

const isCheck = process.argv.includes('--check')
const named = process.argv.slice(2).filter((argument) => argument !== '--check')
const unknown = named.filter((path) => !files.some((file) => file.path === path))
if (unknown.length > 0) {
  console.error(
    `Not a printed file: ${unknown.join(', ')}. There are: ${files.map(({ path }) => path).join(', ')}.`,
  )
  process.exit(2)
}
for (const file of files) {
  if (named.length === 0 || named.includes(file.path)) printOrCheck(file)
}

function printOrCheck({ path, source, print }: PrintedFile): void {
  const place = join(root, path)
  const current = existsSync(place) ? readFileSync(place, 'utf8') : ''
  const text = print(current)
  if (text === current) {
    console.log(`${path} is up to date.`)
  } else if (isCheck) {
    console.error(`${path} differs from ${source}. Run npm run print and review the difference.`)
    process.exitCode = 1
  } else {
    writeFileSync(place, text)
    console.log(`${path} is written.`)
  }
}
