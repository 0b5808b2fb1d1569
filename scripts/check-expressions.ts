// Fails where src has a regular expression whose time could grow faster than the text that it is run over.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findSlowExpressions } from './expressions.ts'

const root = join(import.meta.dirname, '..')
const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/store/generated/**'] })
const found = files.flatMap((file) =>
  findSlowExpressions(readFileSync(join(root, file), 'utf8')).map(
    ({ line, expression, problem }) => `${file}:${line}: ${expression} ${problem}.`,
  ),
)
if (found.length > 0) {
  console.error(found.join('\n'))
  console.error('Write it so that no text makes it slow, or read the text without a regular expression.')
  process.exit(1)
}
console.log(`The regular expressions in ${files.length} files take time in proportion to their text.`)
