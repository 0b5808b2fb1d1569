import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { ForbiddenError } from '../keys/rules/errors.ts'
import { type AuthScopes, authScopesOf, type Context } from './context.ts'

/** The builder of the schema; types and operations add themselves to it. */
export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  DefaultAuthStrategy: 'all'
  AuthScopes: AuthScopes
  Scalars: {
    ID: { Input: string; Output: string }
    Base64: { Input: Buffer; Output: Buffer }
    DateTime: { Input: Date; Output: Date }
    Count: { Input: never; Output: number }
    KeyRef: { Input: string; Output: string }
    SubjectRef: { Input: string; Output: string }
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
    authScopes: authScopesOf,
    // "any" is the library's default: one scope of several would do.
    defaultStrategy: 'all',
    unauthorizedError: () => new ForbiddenError(),
    authorizeOnSubscribe: true,
    treatErrorsAsUnauthorized: false,
    runScopesOnType: false,
  },
})

/** Adds fields to an input type. */
export type InputFieldBuilder = PothosSchemaTypes.InputFieldBuilder<
  typeof builder.$inferSchemaTypes,
  'InputObject'
>
