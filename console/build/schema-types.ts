// Writes generated/introspection.d.ts, from which gql.tada infers the types of responses, from schema.graphql.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal'
import { buildSchema, introspectionFromSchema } from 'graphql'

const folder = join(import.meta.dirname, '..')
const output = join(folder, 'generated/introspection.d.ts')
const schema = buildSchema(readFileSync(join(folder, '../schema.graphql'), 'utf8'))
const introspection = minifyIntrospection(introspectionFromSchema(schema, { descriptions: false }))
const text = outputIntrospectionFile(introspection, { fileType: '.d.ts', shouldPreprocess: true })
if (!existsSync(output) || readFileSync(output, 'utf8') !== text) {
  mkdirSync(join(output, '..'), { recursive: true })
  writeFileSync(output, text)
}
