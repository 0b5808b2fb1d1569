import { printSchema } from 'graphql'
import { schema } from '../../src/schema/index.ts'
import type { PrintedFile } from './printed-file.ts'

/** The public API. */
export const schemaFile: PrintedFile = {
  path: 'schema.graphql',
  source: 'src/schema',
  print: () => `${printSchema(schema)}\n`,
}
