import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import type { AuditEventView, KeyVersionView, ServiceKeyView, UserKeyView } from '../keys/reading/views.ts'
import {
  canReadAudit,
  canView,
  type KeyPermission,
  permissionsOfRoles,
  permissionsOn,
} from '../keys/rules/access.ts'
import { ForbiddenError } from '../keys/rules/errors.ts'
import type { Context } from './context.ts'

/** The builder of the schema; types and operations add themselves to it. */
export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  DefaultAuthStrategy: 'all'
  AuthScopes: {
    /** Any caller with a verified token. For mutations: the functions of `keys` check permissions, and record refusals. */
    authenticated: boolean
    /** A role that gives this permission. */
    permission: KeyPermission
    /** The key is whole for the caller: decided anew from the facts that travel with the view. */
    wholeKey: UserKeyView | ServiceKeyView
    /** The same for the key of a version. */
    wholeVersion: KeyVersionView
    /** The caller may read who used the version. */
    auditedVersion: KeyVersionView
    /** The caller may manage the key of the version. */
    managedVersion: KeyVersionView
    /** The caller may read this event: decided anew from the facts that travel with it. */
    readableEvent: AuditEventView
  }
  Scalars: {
    ID: { Input: string; Output: string }
    Base64: { Input: Buffer; Output: Buffer }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: never; Output: Readonly<Record<string, unknown>> }
    _Any: { Input: unknown; Output: never }
  }
}>({
  // Errors first: it wraps what the others do, so that a typed error of any of them can become a result.
  plugins: [ErrorsPlugin, ScopeAuthPlugin],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'Result of the operation: its payload, or an error that the caller can act on.',
    },
  },
  scopeAuth: {
    authScopes: ({ call: { caller } }) => ({
      // Without a verified token no request gets as far as a context.
      authenticated: true,
      permission: (permission) => permissionsOfRoles(caller).includes(permission),
      wholeKey: (key) => key.access === 'full' && canView(caller, key.accessFacts),
      wholeVersion: (version) => canView(caller, version.accessFacts),
      auditedVersion: (version) => canReadAudit(caller, version.accessFacts),
      managedVersion: (version) => permissionsOn(caller, version.accessFacts).includes('MANAGE'),
      readableEvent: ({ projectId, accessFacts }) =>
        projectId === caller.projectId &&
        permissionsOfRoles(caller).includes('READ_AUDIT') &&
        (accessFacts === null || canReadAudit(caller, accessFacts)),
    }),
    // "any" is the library's default: one scope of several would do.
    defaultStrategy: 'all',
    unauthorizedError: () => new ForbiddenError(),
    authorizeOnSubscribe: true,
    treatErrorsAsUnauthorized: false,
    runScopesOnType: false,
  },
})
