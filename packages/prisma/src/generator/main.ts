#!/usr/bin/env node
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import generatorHelper from '@prisma/generator-helper'
import { EncryptionSchemaError } from '../errors.ts'
import type { EncryptedFields } from '../fields/encrypted-fields.ts'
import { readSchema } from './read-schema.ts'

generatorHelper.generatorHandler({
  onManifest: () => ({ prettyName: 'Encrypted fields of Keystead', defaultOutput: './generated' }),
  async onGenerate({ dmmf, generator, datasources }) {
    const provider = datasources.find(({ activeProvider }) => activeProvider !== 'postgresql')?.activeProvider
    if (provider !== undefined) {
      throw new EncryptionSchemaError([
        `The datasource has the provider ${provider}: @keystead/prisma is tested with postgresql only.`,
      ])
    }
    const output = generator.output?.value ?? 'generated'
    const file = extname(output) === '' ? join(output, 'encrypted-fields.ts') : output
    const text = textOf(readSchema(dmmf.datamodel), extname(file) === '.ts')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  },
})

function textOf(fields: EncryptedFields, isTyped: boolean): string {
  const [imported, type] = isTyped
    ? ["import type { EncryptedFields } from '@keystead/prisma'\n\n", ': EncryptedFields']
    : ['', '']
  return `// Made from the Prisma schema by \`prisma generate\`; do not edit.
${imported}export const encryptedFields${type} = ${JSON.stringify(fields, null, 2)}
`
}
