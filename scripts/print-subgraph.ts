// Prints the schema as a subgraph of Apollo Federation 2, for composition without a running server.
import { parseArgs } from 'node:util'
import { printSubgraph } from '../src/schema/federation.ts'
import { schema } from '../src/schema/index.ts'
import { withPrefix } from '../src/schema/prefix.ts'
import { typePrefix } from '../src/setting-values.ts'

const { prefix } = parseArgs({ options: { prefix: { type: 'string' } } }).values
try {
  const served = prefix === undefined ? schema : withPrefix(schema, typePrefix(prefix))
  process.stdout.write(printSubgraph(served))
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  console.error(`--prefix ${error.message}`)
  process.exitCode = 1
}
