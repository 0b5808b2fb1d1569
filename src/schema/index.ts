import { GraphQLDirective, type GraphQLSchema, specifiedDirectives } from 'graphql'
import { builder } from './builder.ts'
import './errors.ts'
import './scalars.ts'
import './types/key.ts'
import './types/key-version.ts'
import './types/service-key.ts'
import './types/user-key.ts'
import './queries/audit-events.ts'
import './queries/destroy-impact.ts'
import './queries/entities.ts'
import './queries/explain-access.ts'
import './queries/key-algorithms.ts'
import './queries/node.ts'
import './queries/role-bindings.ts'
import './queries/service-keys.ts'
import './queries/subgraph.ts'
import './queries/usage-series.ts'
import './queries/upcoming-events.ts'
import './queries/user-keys.ts'
import './queries/viewer.ts'
import './subscriptions/key-events.ts'
import './subscriptions/user-keys-changed.ts'
import './operations/activate-key-version.ts'
import './operations/activate-user-key.ts'
import './operations/add-allowed-subjects.ts'
import './operations/bind-role.ts'
import './operations/configure-automatic-rotation.ts'
import './operations/create-alias.ts'
import './operations/create-user-key.ts'
import './operations/deactivate-key-version.ts'
import './operations/decrypt-with-service-key.ts'
import './operations/decrypt.ts'
import './operations/delete-alias.ts'
import './operations/delete-user-key.ts'
import './operations/destroy-key-version.ts'
import './operations/disable-access-control.ts'
import './operations/enable-access-control.ts'
import './operations/encrypt-with-service-key.ts'
import './operations/encrypt.ts'
import './operations/generate-data-key.ts'
import './operations/generate-service-data-key.ts'
import './operations/get-import-parameters.ts'
import './operations/import-key-version.ts'
import './operations/publish-jwks.ts'
import './operations/re-encrypt.ts'
import './operations/remove-allowed-subjects.ts'
import './operations/label-user-key.ts'
import './operations/repoint-alias.ts'
import './operations/restore-key-version.ts'
import './operations/rotate-user-key.ts'
import './operations/sign.ts'
import './operations/transfer-ownership.ts'
import './operations/unbind-role.ts'
import './operations/update-user-key.ts'
import './operations/decapsulate.ts'
import './operations/derive-shared-secret.ts'
import './operations/encapsulate.ts'
import './operations/generate-data-key-pair.ts'
import './operations/generate-mac.ts'
import './operations/generate-random.ts'
import './operations/verify-mac.ts'
import './operations/verify.ts'

builder.queryType({ description: 'All that can be read.' })
builder.mutationType({
  description:
    'Everything that changes something or uses a key. Each field answers with its payload or with a typed error; FORBIDDEN, UNAVAILABLE and INTERNAL are top-level errors and null their own field only.',
})
builder.subscriptionType({
  description:
    'What happens, as it happens: answered as a stream of server-sent events (`Accept: text/event-stream`), or over WebSocket (`graphql-transport-ws`). What the caller may see is decided for each event. A stream ends when the token expires, with the error UNAUTHENTICATED.',
})

/** Compilers of clients (Apollo Kotlin 4) stop at this location of `@deprecated`, which is new in graphql-js. */
const newLocation: string = 'DIRECTIVE_DEFINITION'

/** The directives of GraphQL, in locations that compilers of clients know. */
const directives = specifiedDirectives.map((directive) =>
  directive.locations.some((location) => location === newLocation)
    ? new GraphQLDirective({
        ...directive.toConfig(),
        locations: directive.locations.filter((location) => location !== newLocation),
      })
    : directive,
)

/** The schema that the server offers. */
export const schema: GraphQLSchema = builder.toSchema({ sortSchema: false, directives })
