import type { ServiceKeyView } from '../../keys/reading/views.ts'
import { neverRedacted } from '../redaction.ts'
import { defineConnection } from './connection.ts'
import { sharedFields } from './key.ts'
import { Node } from './node.ts'
import { Key, ServiceKey } from './refs.ts'

ServiceKey.implement({
  description:
    'A key that the system created for one service of the platform. Users see it; only that service uses it, and only the system manages it.',
  interfaces: [Node, Key],
  isTypeOf: (view) => (view as ServiceKeyView).kind === 'SERVICE',
  fields: (t) => ({
    ...sharedFields(t as never, neverRedacted),
    service: t.string({
      description:
        "Name of the service, as it called itself when the key was made, e.g. `Secrets Manager`. The key's name is derived from it, here `Secrets-manager`: spaces become hyphens, and hyphens become underscores.",
      resolve: ({ service }) => service,
    }),
  }),
})

/** Pages of service keys. */
export const ServiceKeyConnection = defineConnection('ServiceKey', ServiceKey)
