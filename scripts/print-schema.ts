// Writes schema.graphql, the printed public API; with --check it fails if the file is not what the code says.
import { printSchema } from 'graphql'
import { schema } from '../src/schema/index.ts'
import { printOrCheck } from './printed-file.ts'

const printed = `${printSchema(schema)}\n`

printOrCheck({
  path: 'schema.graphql',
  text: printed,
  source: 'the code says',
  command: 'npm run schema:print',
})
