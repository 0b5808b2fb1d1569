import { GraphQLOneOfDirective, printSchema } from 'graphql'
import { schema } from '../../src/schema/index.ts'
import type { PrintedFile } from './printed-file.ts'

/** GraphQL-js leaves it out as known, but generators of clients that are older than it stop there. */
const oneOf = `"""
${GraphQLOneOfDirective.description}
"""
directive @oneOf on INPUT_OBJECT`

/** The public API. It stands by itself: every directive that it uses is defined. */
export const schemaFile: PrintedFile = {
  path: 'schema.graphql',
  source: 'src/schema',
  print: () => `${oneOf}\n\n${printSchema(schema)}\n`,
}
