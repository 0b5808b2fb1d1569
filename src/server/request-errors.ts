import type { GraphQLError } from 'graphql'
import type { ErrorCode } from '../errors.ts'
import { tooManyComparisons, tooManyTokens } from './limits.ts'

/** What a caller reads about a request that cannot be executed. */
export interface RequestErrorText {
  readonly message: string
  readonly code: ErrorCode
}

/** A text of graphql-js and what stands for it. `$1` is the first group, which only ever holds names of the schema. */
interface Rewriting {
  readonly pattern: RegExp
  readonly text: string
}

/** Texts about values: graphql-js quotes the value in each of them. */
const valueTexts: readonly Rewriting[] = [
  {
    pattern: /^Field "(\w+)" of required type "([\w![\]]+)" was not provided/,
    text: 'Field "$1" of required type "$2" was not provided.',
  },
  { pattern: /is not defined by type "(\w+)"/, text: 'There is a field that type "$1" does not have.' },
  { pattern: /^Expected type "(\w+)" to be an object/, text: 'Expected an object of type "$1".' },
  {
    pattern: /^Expected (?:value of type|type|non-nullable type) "([\w![\]]+)"/,
    text: 'Expected a value of type "$1".',
  },
  { pattern: /^Int cannot represent non 32-bit/, text: 'Expected a value of type "Int", which has 32 bits.' },
  { pattern: /^(Int|Float|String|Boolean|ID) cannot represent/, text: 'Expected a value of type "$1".' },
  // Its name is what the client called it.
  {
    pattern:
      /^(?:Subscription "\w+"|Anonymous Subscription) must (?:select only one|not select an introspection) top level field\.$/,
    text: 'A subscription has one field on its first level, and none of introspection.',
  },
  { pattern: /^Enum "(\w+)" cannot represent/, text: 'Expected a value of the enum "$1".' },
  { pattern: /does not exist in "(\w+)" enum/, text: 'Expected a value of the enum "$1".' },
  {
    pattern: /^(?:OneOf Input Object|Exactly one key must be specified for OneOf type) "(\w+)"/,
    text: 'Exactly one field of "$1" must be given.',
  },
]

/** Texts that hold names of the document and the schema only. */
const nameTexts =
  /^(Cannot query field|Cannot spread fragment|Unknown (argument|directive|fragment|type|operation)|There can be only one|Fragment |Fields? "|Directive "@|Argument "|The .{1,80} definition is not executable|This anonymous operation|Maximum introspection depth|GraphQL introspection|Variable "\$\w+" (of (non-null|required|type)|is (not defined|never used|of type)|cannot be|expected)|The document |A request may have|Must provide|Unable to detect operation|Unexpected parameter|Too many (validation )?errors|POST body|Could not determine what operation|Can only perform a)/

/**
 * Says what is wrong with a request without quoting a value: values are plaintexts, and errors end up in logs.
 * The place is named, and so are types.
 */
export function describeRequestError(error: GraphQLError): RequestErrorText {
  if (/^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(error.message)) {
    return { message: tooManyTokens, code: 'BAD_REQUEST' }
  }
  if (error.message === 'Validation aborted.') return { message: tooManyComparisons, code: 'BAD_REQUEST' }
  if (error.message.startsWith('Syntax Error')) {
    const [location] = error.locations ?? []
    const place = location ? ` at line ${location.line}, column ${location.column}` : ''
    return { message: `The document cannot be read as GraphQL${place}.`, code: 'BAD_REQUEST' }
  }
  const variable = readVariableError(error.message)
  const place = variable === null ? '' : ` (at "${variable.place}")`
  const ownText = ownInputError(error.originalError) ?? ownInputError(error)
  if (ownText !== null) return { message: `${ownText}${place}`, code: 'BAD_USER_INPUT' }
  const text = variable?.reason ?? error.message
  const rewriting = valueTexts.find(({ pattern }) => pattern.test(text))
  if (rewriting !== undefined) {
    const [matched = ''] = rewriting.pattern.exec(text) ?? []
    return { message: `${matched.replace(rewriting.pattern, rewriting.text)}${place}`, code: 'BAD_REQUEST' }
  }
  if (variable === null && nameTexts.test(text))
    return { message: withoutSuggestion(text), code: 'BAD_REQUEST' }
  return { message: `The request is not acceptable.${place}`, code: 'BAD_REQUEST' }
}

/** The variable's path and the reason; what stands between them is the value. */
function readVariableError(message: string): { place: string; reason: string } | null {
  const [, name, rest] = /^Variable "\$(\w+)" got invalid value ([\s\S]*)$/.exec(message) ?? []
  if (name === undefined || rest === undefined) return null
  const [, place, reason] = /[\s\S]* at "([\w.[\]]+)"; ([\s\S]*)$/.exec(rest) ?? []
  if (place !== undefined && reason !== undefined) return { place, reason }
  return { place: name, reason: rest.slice(rest.lastIndexOf('; ') + 2) }
}

/** The text of an error that a scalar of this schema has thrown: it never holds the value. */
function ownInputError(error: unknown): string | null {
  const { extensions, message } = (error ?? {}) as Partial<GraphQLError>
  return extensions?.['code'] === 'BAD_USER_INPUT' && message !== undefined ? message : null
}

/** Suggestions tell of the schema what introspection may not. */
function withoutSuggestion(text: string): string {
  return text.replace(/ Did you mean [\s\S]*$/, '')
}
