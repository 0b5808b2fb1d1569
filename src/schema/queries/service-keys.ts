import { serviceKeys } from '../../keys/reading/key-lists.ts'
import { serviceKey } from '../../keys/reading/nodes.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { pageArguments } from '../types/connection.ts'
import { KeyStatus } from '../types/enums.ts'
import { ServiceKey } from '../types/refs.ts'
import { ServiceKeyConnection } from '../types/service-key.ts'

const ServiceKeyBy = builder.inputType('ServiceKeyBy', {
  description: 'How a service key is looked up.',
  isOneOf: true,
  fields: (t) => ({
    key: t.field({ type: 'KeyRef', description: 'Its ID, or its name, e.g. `Secrets-manager`.' }),
    service: t.string({
      description: 'Name of its service, e.g. `Secrets Manager`. Upper and lower case are the same.',
    }),
  }),
})

const ServiceKeyFilter = builder.inputType('ServiceKeyFilter', {
  description: 'Filter of service keys; all conditions must hold.',
  fields: (t) => ({
    namePrefix: t.string({ description: 'Names that start with this: up to 64 letters, digits, `-`, `_`.' }),
    status: t.field({ type: [KeyStatus], ...listOptions('ONE_FOR_EACH_VALUE', 'In one of these states.') }),
  }),
})

builder.queryFields((t) => ({
  serviceKey: t.field({
    type: ServiceKey,
    nullable: true,
    description: 'One service key; null if the project has no such key.',
    authScopes: { permission: 'VIEW' },
    args: {
      by: t.arg({ type: ServiceKeyBy, required: true, description: 'By ID or name, or by service.' }),
    },
    resolve: (_root, { by }, { parts, call }) =>
      serviceKey(parts, call, by as { key: string } | { service: string }),
  }),
  serviceKeys: t.field({
    type: ServiceKeyConnection,
    nullable: true,
    description: "The service keys of the caller's project, by name.",
    authScopes: { permission: 'VIEW' },
    args: {
      ...pageArguments,
      filter: t.arg({ type: ServiceKeyFilter, description: 'The filter; all without it.' }),
    },
    resolve: (_root, { filter, ...page }, { parts, call }) => serviceKeys(parts, call, page, filter ?? {}),
  }),
}))
