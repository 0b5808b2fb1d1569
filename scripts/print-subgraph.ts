// Prints the schema as a subgraph of Apollo Federation 2, for composition without a running server.
import { printSubgraph } from '../src/schema/federation.ts'
import { schema } from '../src/schema/index.ts'

process.stdout.write(printSubgraph(schema))
