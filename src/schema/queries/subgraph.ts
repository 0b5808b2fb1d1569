import { builder } from '../builder.ts'
import { printSubgraph } from '../federation.ts'

const Service = builder.objectRef<{ sdl: string }>('_Service').implement({
  description: 'Description of this server for gateways (Apollo Federation).',
  fields: (t) => ({
    sdl: t.string({
      description: 'The schema as a subgraph, with the directives of Apollo Federation.',
      resolve: ({ sdl }) => sdl,
    }),
  }),
})

builder.queryField('_service', (t) =>
  t.field({
    type: Service,
    description:
      'For gateways (Apollo Federation): what to compose. It says what introspection says, and is refused where introspection is.',
    authScopes: { authenticated: true },
    resolve: (_root, _args, _context, { schema }) => ({ sdl: printSubgraph(schema) }),
  }),
)
