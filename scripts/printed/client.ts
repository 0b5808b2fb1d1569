import { operationsText } from './client/operations.ts'
import { refusalsText } from './client/refusals.ts'
import { enumValuesText, typesText } from './client/types.ts'
import type { PrintedFile } from './printed-file.ts'

const folder = 'packages/client/src/generated'

function fileOf(name: string, print: () => string): PrintedFile {
  return { path: `${folder}/${name}.ts`, source: 'src/schema', print }
}

/** What `@keystead/client` knows of the API. */
export const clientFiles: readonly PrintedFile[] = [
  fileOf('types', typesText),
  fileOf('operations', operationsText),
  fileOf('refusals', refusalsText),
  fileOf('enum-values', enumValuesText),
]
